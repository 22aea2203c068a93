"""The language that texts look like, and what an import makes of it where nobody told one."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.projects import language as languages
from genlab_widgets.projects.importing import import_project
from genlab_widgets.projects.language_guess import guess
from tests.samples import write_export

TEXTS = {
    "en": (
        "The patient was admitted to the hospital with a fever that had lasted for three days. She "
        "was given antibiotics, and the swelling went down within a week. There is no evidence of "
        "further infection at this time, and she can go home."
    ),
    "de": (
        "Der Patient wurde mit Fieber in die Klinik aufgenommen, das seit drei Tagen anhielt. Sie "
        "erhielt Antibiotika, und die Schwellung ging innerhalb einer Woche zurück. Es gibt keine "
        "Hinweise auf eine weitere Infektion, und sie kann nach Hause gehen."
    ),
    "fr": (
        "Le patient a été admis à l'hôpital avec une fièvre qui durait depuis trois jours. Elle a "
        "reçu des antibiotiques, et le gonflement a diminué en une semaine. Il n'y a pas de signe "
        "d'une autre infection pour le moment, et elle peut rentrer chez elle."
    ),
    "es": (
        "El paciente fue ingresado en el hospital con una fiebre que había durado tres días. "
        "Recibió antibióticos y la hinchazón bajó en una semana. No hay evidencia de otra infección"
        " en este momento y puede volver a su casa con el tratamiento."
    ),
    "pt": (
        "O paciente foi internado no hospital com uma febre que durava há três dias. Ela recebeu "
        "antibióticos e o inchaço diminuiu em uma semana. Não há evidência de outra infecção neste "
        "momento, e ela pode voltar para casa com o tratamento."
    ),
    "it": (
        "Il paziente è stato ricoverato in ospedale con una febbre che durava da tre giorni. Ha "
        "ricevuto antibiotici e il gonfiore è diminuito in una settimana. Non ci sono segni di "
        "altre infezioni al momento e può tornare a casa con la terapia."
    ),
    "nl": (
        "De patiënt werd in het ziekenhuis opgenomen met koorts die al drie dagen duurde. Zij kreeg"
        " antibiotica en de zwelling nam binnen een week af. Er is op dit moment geen aanwijzing "
        "voor een andere infectie en ze kan naar huis."
    ),
    "da": (
        "Patienten blev indlagt på hospitalet med feber, som havde varet i tre dage. Hun fik "
        "antibiotika, og hævelsen aftog i løbet af en uge. Der er ikke tegn på yderligere infektion"
        " på nuværende tidspunkt, og hun kan tage hjem."
    ),
    "sv": (
        "Patienten lades in på sjukhuset med feber som hade varat i tre dagar. Hon fick antibiotika"
        " och svullnaden gick ner inom en vecka. Det finns inga tecken på ytterligare infektion för"
        " närvarande och hon kan åka hem."
    ),
    "no": (
        "Pasienten ble innlagt på sykehuset med feber som hadde vart i tre dager. Hun fikk "
        "antibiotika, og hevelsen gikk ned i løpet av en uke. Det er ikke tegn til ytterligere "
        "infeksjon nå, og hun kan reise hjem."
    ),
    "fi": (
        "Potilas otettiin sairaalaan kuumeen vuoksi, joka oli kestänyt kolme päivää. Hän sai "
        "antibiootteja, ja turvotus laski viikossa. Tällä hetkellä ei ole merkkejä muusta "
        "infektiosta, ja hän on kotona. Se oli hänen ensimmäinen käyntinsä, mutta ei viimeinen."
    ),
    "pl": (
        "Pacjent został przyjęty do szpitala z gorączką, która trwała od trzech dni. Otrzymał "
        "antybiotyki i obrzęk ustąpił w ciągu tygodnia. Nie ma oznak dalszego zakażenia w tym "
        "momencie i może wrócić do domu, ale z lekami na ból."
    ),
    "cs": (
        "Pacient byl přijat do nemocnice s horečkou, která trvala tři dny. Dostal antibiotika a "
        "otok během týdne ustoupil. V tuto chvíli nejsou žádné známky další infekce a může jít "
        "domů. Je to tak, že se na to musí dívat lékař."
    ),
    "ro": (
        "Pacientul a fost internat în spital cu febră care dura de trei zile. A primit antibiotice "
        "și umflătura a scăzut într-o săptămână. Nu sunt semne de altă infecție în acest moment și "
        "poate merge acasă cu tratament pentru durere."
    ),
    "hu": (
        "A beteget lázzal vették fel a kórházba, amely már három napja tartott. Antibiotikumot "
        "kapott, és a duzzanat egy hét alatt csökkent. Jelenleg nincs jele más fertőzésnek, és haza"
        " is mehet. Ez nem volt egy nagy baj, de az orvos meg volt győződve."
    ),
    "tr": (
        "Hasta üç gündür süren ateş ile hastaneye yatırıldı. Antibiyotik verildi ve şişlik bir "
        "hafta içinde azaldı. Şu anda başka bir enfeksiyon belirtisi yok ve eve gidebilir. Bu durum"
        " çok iyi, ama daha sonra kontrol için gelmesi gerekiyor."
    ),
    "id": (
        "Pasien dirawat di rumah sakit dengan demam yang telah berlangsung selama tiga hari. Dia "
        "diberi antibiotik dan pembengkakan berkurang dalam seminggu. Tidak ada tanda infeksi lain "
        "pada saat ini dan dia dapat pulang ke rumah."
    ),
    "vi": (
        "Bệnh nhân được nhập viện với cơn sốt đã kéo dài ba ngày. Cô ấy được cho dùng kháng sinh và"
        " vết sưng đã giảm trong một tuần. Không có dấu hiệu của nhiễm trùng khác và cô ấy có thể "
        "về nhà."
    ),
    "zh": "张三昨天在北京大学工作。李四住在上海。患者因发烧三天入院,给予抗生素治疗,一周内肿胀消退。目前没有进一步感染的迹象 (CRP 12 mg/L, WBC normal)。",
    "ja": "田中さんは昨日、東京の病院に行きました。患者は三日間続いた発熱のため入院し、抗生物質を投与されました。",
    "th": "นายสมชายทำงานที่กรุงเทพมหานครผู้ป่วยเข้ารับการรักษาในโรงพยาบาลด้วยอาการไข้",
    "hi": "रमेश कल दिल्ली के अस्पताल में भर्ती हुआ। रोगी को तीन दिन से बुखार था और उसे दवा दी गई।",
    "ar": ("عمل محمد في مستشفى القاهرة أمس. تم إدخال المريض إلى المستشفى بسبب الحمى التي استمرت ثلاثة أيام."),
    "he": "דוד עבד אתמול בבית החולים בירושלים. החולה אושפז עם חום שנמשך שלושה ימים.",
    "fa": (
        "بیمار با تب سه روزه در بیمارستان بستری شد و آنتی‌بیوتیک گرفت. او اکنون می‌تواند به خانه "
        "برود. گزارش پزشک چنین است."
    ),
    "ur": (
        "مریض کو تین دن سے بخار تھا اور اسے ہسپتال میں داخل کیا گیا۔ اسے اینٹی بایوٹک دی گئی اور وہ اب گھر جا سکتا ہے۔"
    ),
    "ru": (
        "Иван вчера работал в больнице Москвы. Пациент был госпитализирован с лихорадкой, которая "
        "длилась три дня. Это первый случай."
    ),
    "uk": (
        "Пацієнт був госпіталізований із гарячкою, яка тривала три дні. Її стан поліпшився, і вона може їхати додому."
    ),
    "bg": (
        "Пациентът беше приет в болницата с треска, която продължи три дни. Той получи антибиотици и отокът намаля."
    ),
    "sr": (
        "Пацијент је примљен у болницу са грозницом која је трајала три дана. Њему су дати "
        "антибиотици и оток је нестао."
    ),
    "el": "Ο Γιώργος εργάστηκε χθες στο νοσοκομείο της Αθήνας. Ο ασθενής εισήχθη με πυρετό.",
    "ko": "김철수는 어제 서울대학교 병원에서 일했다. 환자는 사흘 동안 지속된 발열로 입원하였고 항생제를 투여받았다.",
    "am": "አበበ ትናንት በአዲስ አበባ ሆስፒታል ሰርቷል። አበበ ትናንት በአዲስ አበባ ሆስፒታል ሰርቷል።",
    "ka": "გიორგი გუშინ თბილისის საავადმყოფოში მუშაობდა და შემდეგ სახლში წავიდა.",
}


@pytest.mark.parametrize("code", TEXTS)
def test_texts_show_their_language(code: str) -> None:
    assert guess([TEXTS[code]]) == code
    assert languages.code_of(languages.name_of(code)) == code
    assert languages.name_of(code) != code


@pytest.mark.parametrize(
    "text", ["", "Aspirin 100 mg", "aspirin ibuprofen tablet dose " * 30, "\u5f20\u4e09", "1 2 3 " * 99]
)
def test_few_or_odd_texts_show_none(text: str) -> None:
    assert guess([text]) is None


def test_terms_in_english_do_not_hide_another_language() -> None:
    assert guess([TEXTS["de"], "MRI scan CT head PET score panel"]) == "de"
    assert guess([TEXTS["ja"], "CRP WBC MRI"]) == "ja"


def notes(folder: Path, text: str, **about: str) -> Path:
    return write_export(folder, tasks=[{"id": 1, "data": {"text": text}, "completions": []}], **about)


def test_an_import_takes_the_language_of_the_texts_and_tells_it(home: Path, tmp_path: Path) -> None:
    report = import_project(notes(tmp_path / "notes", TEXTS["de"]), home)
    assert (report.project.language, report.project.about[languages.GUESSED]) == ("de", True)
    assert report.warnings == [
        "No language was told; the texts look German, so de is taken. Else: genlab import --language."
    ]
    other = notes(tmp_path / "more" / "notes", TEXTS["zh"])
    assert import_project(other, home).project.language == "zh"  # what was guessed is guessed again
    told = import_project(other, home, language="ja").project
    assert (told.language, told.about[languages.GUESSED]) == ("ja", False)
    kept = import_project(other, home).project
    assert (kept.language, kept.about.get(languages.GUESSED)) == ("ja", None)  # what was told stays


def test_english_is_what_nobody_has_to_be_told(home: Path, tmp_path: Path) -> None:
    report = import_project(notes(tmp_path / "notes", TEXTS["en"]), home)
    assert (report.project.language, report.project.about[languages.GUESSED], report.warnings) == ("en", True, [])


def test_what_the_texts_do_not_show_is_told(home: Path, tmp_path: Path) -> None:
    report = import_project(notes(tmp_path / "notes", "No fever."), home)
    assert (report.project.language, report.warnings) == ("en", [languages.NOT_TOLD])
    assert languages.GUESSED not in report.project.about
