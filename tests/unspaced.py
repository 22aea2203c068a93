"""Small generated texts in scripts without blanks between words, with marked people, places and medicines.

Names are put together from parts, so most names of a test part have not been seen in training.
"""

from __future__ import annotations

import random
import re
from typing import NamedTuple

from genlab_widgets.training.dataset import Example, Span

LABELS = ("PERSON", "PLACE", "DRUG")


class Unspaced(NamedTuple):
    """Patterns of sentences, and what fills them: each name is one part of each tuple, in a row.

    Attributes:
        code: ISO 639-1.
        whole: Sentences with ``{PERSON}``, ``{PLACE}``, ``{DRUG}``, and ``{dose}``, which is not marked.
        names: Parts of the names by label.
        doses: Amounts with the unit.
    """

    code: str
    whole: tuple[str, ...]
    names: dict[str, tuple[tuple[str, ...], ...]]
    doses: tuple[str, ...]


UNSPACED = (
    Unspaced(
        "zh",
        (
            "{PERSON}昨天在{PLACE}就诊，医生开了{DRUG}。",
            "患者{PERSON}自述服用{DRUG}{dose}后头晕！",
            "“我每天吃{DRUG}，”{PERSON}说，“一次{dose}。”",
            "{PLACE}的{PERSON}医生建议停用{DRUG}，改用{DRUG}{dose}。",
            "从{PLACE}转来的病人没有药物过敏史，目前服用{DRUG}。",
            "请问{PERSON}什么时候到{PLACE}复查？",
            "家属{PERSON}于2024年3月5日由{PLACE}陪同入院。",
            "血压控制良好，继续{DRUG}治疗，每日两次，每次{dose}。",
        ),
        {
            "PERSON": (
                (*"张王李赵陈刘杨黄周吴徐孙", "欧阳", "司马"),
                tuple("伟芳娜敏静丽强磊军洋勇艳"),
                ("", "", *"明华平红英杰𠮷"),
            ),
            "PLACE": (
                ("北京", "上海", "广州", "成都", "南京", "武汉", "西安", "杭州"),
                ("", "市", "朝阳区", "大学", "人民", "第一", "中心"),
                ("医院", "诊所", "附属医院"),
            ),
            "DRUG": (
                ("阿莫", "头孢", "布洛", "阿司", "氯雷", "奥美", "二甲", "瑞舒", "左氧"),
                ("西林", "拉定", "匹林", "他定", "拉唑", "双胍", "伐他汀"),
                ("", "片", "胶囊", "注射液"),
            ),
        },
        ("500毫克", "2.5mg", "半片", "１０毫升"),
    ),
    Unspaced(
        "ja",
        (
            "{PERSON}さんは昨日{PLACE}を受診し、{DRUG}を処方された。",
            "患者の{PERSON}は{DRUG}{dose}を服用後にめまいを訴えた。",
            "「{DRUG}を{dose}飲んでいます」と{PERSON}さんは言った。",
            "{PLACE}の{PERSON}医師は{DRUG}を中止し、{DRUG}へ変更した。",
            "{PLACE}から転院。アレルギー歴なし。現在は{DRUG}のみ。",
            "{PERSON}さん、次はいつ{PLACE}へ来られますか？",
            "血圧は安定しているので{DRUG}{dose}を続けてください。",
            "2024年3月5日、{PERSON}様が{PLACE}に入院されました。",
        ),
        {
            "PERSON": (
                ("佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "山本", "中村", "𠮷野", "佐々木"),
                ("太郎", "花子", "一郎", "美咲", "健", "さくら", "翔太", "アンナ", ""),
            ),
            "PLACE": (
                ("東京", "大阪", "京都", "札幌", "福岡", "名古屋", "さいたま"),
                ("", "大学", "中央", "市立", "ハート"),
                ("病院", "クリニック", "医療センター"),
            ),
            "DRUG": (
                ("アスピ", "アモキ", "ロキソ", "メトホ", "アムロ", "オメプ", "ｶﾞｽﾀ"),
                ("リン", "シシリン", "プロフェン", "ルミン", "ジピン", "ラゾール"),
                ("", "錠", "カプセル", "ー"),
            ),
        },
        ("500ミリグラム", "2.5mg", "半錠", "１０ｍｌ"),
    ),
    Unspaced(
        "th",
        (
            "{PERSON}มาตรวจที่{PLACE}เมื่อวานนี้และได้รับยา{DRUG}",
            "ผู้ป่วยชื่อ{PERSON}กินยา{DRUG}ขนาด{dose}แล้วเวียนศีรษะ",
            "“ฉันกิน{DRUG}ทุกวัน” {PERSON}กล่าว",
            "แพทย์ที่{PLACE}ให้หยุดยา{DRUG}แล้วเปลี่ยนเป็น{DRUG} {dose}",
            "ย้ายมาจาก{PLACE}ไม่มีประวัติแพ้ยา ปัจจุบันใช้{DRUG}",
            "{PERSON}จะกลับมาที่{PLACE}เมื่อไหร่?",
            "ความดันปกติดี ให้ใช้{DRUG}ต่อครั้งละ{dose}",
            "ญาติพา{PERSON}เข้ารับการรักษาที่{PLACE}วันที่ ๕ มีนาคม",
        ),
        {
            "PERSON": (
                ("สม", "วิ", "ประ", "อนุ", "สุ", "ธน", "กิตติ", "นภ"),
                ("ชาย", "ศรี", "ภา", "วัฒน์", "ชัย", "พร", "ศักดิ์"),
                (" ใจดี", " แก้วมณี", " ทองคำ", ""),
            ),
            "PLACE": (
                ("โรงพยาบาล", "คลินิก", "สถานพยาบาล"),
                ("กรุงเทพ", "เชียงใหม่", "ขอนแก่น", "ภูเก็ต", "สงขลา", "น่าน", "ลำปาง"),
                ("", "กลาง", "ใต้"),
            ),
            "DRUG": (
                ("พารา", "อะม็อก", "ไอบู", "เมท", "แอม", "โอเม", "ลอรา"),
                ("เซตามอล", "ซีซิลลิน", "โพรเฟน", "ฟอร์มิน", "โลดิปีน", "พราโซล", "ทาดีน"),
            ),
        },
        ("๕๐๐ มก.", "2.5mg", "ครึ่งเม็ด"),
    ),
)


def example(language: Unspaced, task_id: int) -> Example:
    """Returns a text of three sentences with its marks; every other one begins with an emoji."""
    chance = random.Random(f"{language.code} {task_id}")
    text, spans = "😀" if task_id % 2 else "", list[Span]()
    for pattern in chance.sample(language.whole, 3):
        for part in re.split(r"(\{\w+\})", pattern):
            label = part.strip("{}")
            word = chance.choice(language.doses) if label == "dose" else part
            if label in language.names:
                word = "".join(chance.choice(parts) for parts in language.names[label])
                spans.append(Span(len(text), len(text) + len(word), label))
            text += word
        text += "\n" if chance.random() < 0.3 else " " if language.code == "th" else ""
    return Example(task_id, text, tuple(spans))
