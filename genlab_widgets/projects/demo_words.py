"""Words and sentences of the demo project. All of it is invented: drugs, people and cases alike.

``[a|b]`` takes one of the alternatives; ``{slot}`` is filled by :mod:`~genlab_widgets.projects.demo_notes`. The slots
``drug``, ``dose``, ``frequency``, ``procedure``, ``anatomy``, ``present``, ``absent`` and ``possible`` become labelled
spans; the others are plain text, among them numbers with units that are no dose and days that are no frequency.
"""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """The words by which a topic is known: heads of problems, sites to compose with, word stems and so on."""

    heads: tuple[str, ...]
    sites: tuple[str, ...]
    stems: tuple[str, ...]
    short: tuple[str, ...]
    anatomy: tuple[str, ...]
    procedures: tuple[str, ...]


TOPICS = {
    "Heart": Topic(
        heads=("chest pressure", "palpitations", "ankle swelling", "fainting spells", "skipped beats", "heart murmur",
               "racing pulse", "calf cramps on walking", "high blood pressure"),
        sites=("chest", "heart", "arm", "jaw", "calf", "leg"),
        stems=("cardi", "pericardi", "arteri", "phleb", "valvul", "aort"),
        short=("AFib", "HTN", "CHF", "DVT"),
        anatomy=("chest wall", "left ventricle", "neck veins", "heart border", "calf", "mitral valve", "ankle"),
        procedures=("stress test", "ECG", "echocardiogram", "valve repair", "pacemaker check", "stent placement"),
    ),
    "Infection": Topic(
        heads=("fever", "night sweats", "chills", "purulent discharge", "sore throat", "swollen glands",
               "wound redness", "productive cough", "skin abscess"),
        sites=("throat", "ear", "sinus", "lung", "gum", "skin"),
        stems=("tonsill", "sinus", "pneumon", "bronch", "dermat", "mening"),
        short=("UTI", "URTI", "MRSA", "TB"),
        anatomy=("right lung base", "throat", "tonsils", "groin nodes", "sinuses", "skin fold", "ear canal"),
        procedures=("blood culture", "throat swab", "chest film", "wound irrigation", "lumbar puncture", "drainage"),
    ),
    "Injury": Topic(
        heads=("wrist fracture", "knee sprain", "scalp laceration", "shoulder dislocation", "bruising", "bite wound",
               "hip pain after a fall", "tendon tear", "burn blisters"),
        sites=("wrist", "knee", "hip", "shoulder", "rib", "thumb"),
        stems=("arthr", "tend", "burs", "oste", "my", "fasci"),
        short=("TBI", "ACL tear", "LBP", "FOOSH injury"),
        anatomy=("left wrist", "right knee", "collar bone", "lower back", "scalp", "big toe", "Achilles tendon"),
        procedures=("wrist x-ray", "cast change", "suture removal", "knee arthroscopy", "splinting",
                    "joint aspiration"),
    ),
    "Digestion": Topic(
        heads=("nausea", "loose stools", "belly cramps", "heartburn", "bloating", "constipation", "black stools",
               "loss of appetite", "difficulty swallowing"),
        sites=("belly", "stomach", "bowel", "liver", "flank", "groin"),
        stems=("gastr", "col", "hepat", "pancreat", "appendic", "cholecyst"),
        short=("GERD", "IBS", "N/V", "GI bleed"),
        anatomy=("upper abdomen", "liver edge", "left flank", "rectum", "gallbladder", "navel", "esophagus"),
        procedures=("colonoscopy", "upper endoscopy", "liver biopsy", "stool test", "abdominal ultrasound",
                    "hernia repair"),
    ),
    "Nerves": Topic(
        heads=("headache", "dizziness", "numbness", "hand tremor", "blurred vision", "memory gaps", "slurred speech",
               "unsteady gait", "tingling fingers"),
        sites=("head", "neck", "face", "hand", "eye", "foot"),
        stems=("neur", "encephal", "radicul", "myel", "neuralg", "poly"),
        short=("TIA", "MS flare", "PD", "RLS"),
        anatomy=("left temple", "optic disc", "right hand", "facial nerve", "neck", "both feet", "lumbar spine"),
        procedures=("brain MRI", "nerve conduction study", "EEG", "head CT", "eye exam", "nerve block"),
    ),
}  # fmt: skip

QUALITIES = ("mild", "severe", "recurrent", "new-onset", "intermittent", "worsening", "chronic", "persistent", "acute",
             "nocturnal", "left-sided", "painless")  # fmt: skip
COMPLAINTS = ("pain", "ache", "stiffness", "burning", "itching", "twitching", "soreness", "spasm", "weakness",
              "heaviness")  # fmt: skip
"""After a site they make a problem; the site alone is anatomy."""
STUDIES = ("scan", "ultrasound", "biopsy", "massage", "MRI", "puncture", "exercises", "surgery")
"""After a site they make a procedure."""
PROBLEM_ENDINGS = ("itis", "opathy", "algia", "osis", "itic flare", "oma")

DRUG_STARTS = ("zel", "bra", "tavo", "miri", "quen", "ostra", "pelu", "vexo", "dari", "lumo", "fena", "koli", "rubi",
               "sarto", "nebi", "ilva", "gluno", "hexa", "cori", "pyra")  # fmt: skip
DRUG_MIDDLES = ("", "la", "ta", "no", "ri", "vo", "mi", "de", "xa", "lo", "pra", "ne")
DRUG_ENDINGS = ("mide", "zolam", "pril", "cillin", "statin", "olol", "tidine", "mab", "xaban", "profen", "sartan",
                "gliptin")  # fmt: skip
COMMON_DRUGS = ("Zelamide", "Bratapril", "Tavonolol", "Miricillin", "Quendestatin", "Ostraxaban", "Peluprofen",
                "vexotidine", "darilosartan", "lumogliptin", "insulin", "the blue inhaler",
                "Fenadol Forte")  # fmt: skip

DOSE_UNITS: dict[str, tuple[float, ...]] = {
    "mg": (5, 10, 20, 25, 40, 50, 75, 100, 250, 500, 850),
    "mcg": (25, 50, 100, 125),
    "mL": (2.5, 5, 7.5, 10, 15),
    "g": (0.5, 1, 1.5, 2),
    "units": (6, 8, 12, 14, 20),
    "IU": (400, 800, 1000, 5000),
    "mg/kg": (0.5, 1, 5, 7.5),
    "drops": (2, 3, 5),
}
COUNTED_DOSES = ("one tablet", "two tablets", "half a tablet", "two puffs", "one sachet", "1 capsule", "a double dose")
FREQUENCIES = ("once daily", "twice daily", "three times a day", "bid", "tid", "qid", "qhs", "prn", "q6h", "q8h",
               "q12h", "every morning", "every evening", "at bedtime", "every other day", "as needed",
               "once a week", "with meals", "every 4 hours", "every 6 hours", "on Mondays and Fridays", "daily",
               "2x/day", "before breakfast", "nightly")  # fmt: skip

PEOPLE = {
    "she": ("Ms. Hartwell", "Zoë Brandt", "Mrs. Okonkwo", "María José Peña", "Олена", "Mrs. Thistlewood", "Siân Prys",
            "Ms. Aaltonen", "Mrs. Devlin-Roy", "美玲"),
    "he": ("Mr. Pemberly", "Łukasz Wrona", "Søren Dahl", "Mr. Achterberg", "Νίκος", "Jürgen Voß", "Mr. Castellane",
           "Tomás Ibarra", "Mr. O'Farrow", "Mr. Yamabuki"),
}  # fmt: skip
AGES: dict[str, tuple[range, tuple[str, ...], tuple[str, ...]]] = {
    "Child": (range(2, 15), ("girl", "schoolgirl"), ("boy", "schoolboy")),
    "Adult": (range(21, 60), ("woman", "office worker", "nurse"), ("man", "bricklayer", "teacher")),
    "Senior": (range(66, 95), ("lady", "widow", "retired nurse"), ("gentleman", "widower", "retired baker")),
}

OPENERS = (
    "{person}, {age} [y/o|yo|years old], [came in|was seen|presented] [with|for|because of] {present}.",
    "{age}-year-old {noun} [with|complaining of|troubled by] {present} [for|over the last] {span}.",
    "[Seen today:|Clinic visit,|Ward round:] {noun} of {age}, [known for|history of] {present}.",
    "{person} ({age}) [reports|describes|mentions] {present} and {present} [since|starting] {date}.",
    "This {age}-year-old {noun} [was referred|was sent] for {procedure} [because of|to explain] {present}.",
    "{person} is a {age}-year-old {noun} who [denies|has not had any] {absent} [today|this week].",
    "{noun}, {age} y, back after {procedure} on {date}[, feeling well|, slowly improving|]{mood}",
)
SENTENCES = (
    "[Started on|Switched to|Now takes|We prescribed] {drug} {dose} {frequency}.",
    "[Continue|Keep|Restart] {drug} {dose} {frequency} [for {span}|until the next visit|and review on {date}].",
    "{drug} [was stopped|was paused|had to be withdrawn] [because of|after] {present}.",
    "[Current|Home] meds: {drug} {dose} {frequency}, {drug} {dose} {frequency}[; nothing else|].",
    "[Raise|Lower|Change] {drug} to {dose}, [taken|to be taken] {frequency}.",
    "{they} [took|swallowed|received] {dose} of {drug} [at {clock}|before coming in|in the ambulance].",
    "The [family|pharmacist|daughter] [asks|wonders] whether {drug} [may|could] [cause|explain] {possible}.",
    "{they} uses {drug} {frequency} [and tolerates it well|without trouble|but forgets it on weekends].",
    "Allergic to {drug}[, carries a card|; last reaction in {year}|].",
    "[On exam|Examination today]: {anatomy} [tender|warm|unremarkable|stiff], {anatomy} [normal|clear|soft].",
    "The {anatomy} [looks|feels|appears] [swollen|inflamed|normal] [on the inner side|compared with {date}|].",
    "{present} [over|around|near] the {anatomy}, [worse|better] [at rest|on movement|after meals].",
    "{they} points to the {anatomy} [when asked where it hurts|as the worst spot].",
    "{they} [denies|did not report|has had no] {absent}, {absent} or {absent}.",
    "No [evidence|sign|trace], [neither at rest nor on exertion|even after "
    "a long walk|on repeated checks], of {absent}.",
    "The [earlier|previously noted] {absent} has [gone|cleared|resolved] "
    "[completely|since {date}|] [and did not return|].",
    "Negative for {absent}; [positive for|but there is] {present}.",
    "[Mother|Partner|Caregiver] has not [seen|noticed], in all of the past {span}, any {absent}.",
    "{absent} was [ruled out|excluded] [by|with] {procedure}.",
    "[Could be|Might be|This may represent|Suspicious for] {possible}[, less likely {possible}|].",
    "[We cannot exclude|It is hard to rule out|Query] {possible} [at this stage|without {procedure}|].",
    "{possible} [is possible|remains possible|is suspected][, so {procedure} was ordered|].",
    "{procedure} [of {date} |][showed|confirmed|revealed] {present} [in|at|of] the {anatomy}.",
    "[Plan:|Booked for|Next step:] {procedure} [on {date}|next week|within {span}][, then {procedure}|].",
    "{procedure} [went well|was uneventful|had to be repeated][; sutures out in {span}|].",
    "[Underwent|Had|Recovered from] {procedure} in {year} [for|because of] {present}.",
    "{they} [lives with|is bothered by|still has] {present}[, though less than in {year}|].",
    "[Labs|Bloods]: {lab}, {lab}.",
    "Vitals: {vital}[, weight {weight}|]{mood}",
    "{they} walks [daily|every day|with a stick] and sleeps {hours} [a night|at most].",
    "[Symptoms|Findings] [suggest|fit|would go with] {possible}[ rather "
    "than {possible}|], [to be seen|not certain yet].",
    "[Call|Come back|Return] if {possible} [should occur|develops|shows up] within {span}.",
    "[Father|Mother|Sister] had {drug} for years[, no details known|].",
)
DISTRACTIONS = (
    "{person} [came with|was brought in by] [a neighbor|a colleague|the school bus driver] and {thing}.",
    "[Switched to|Now takes|Started on] {thing} [every morning|at weekends|with meals|].",
    "{they} [denies|has no|did not mention] {thing}[, {thing}|] or {thing}.",
    "{they} [complains about|is worried about|asks about] {thing}.",
    "[No evidence|No sign] of {thing} [at home|at work].",
    "{they} drinks {fluid} [once daily|every evening|with meals].",
    "[Booked for|Next step:|Plan:] {thing} [next week|on {date}].",
    "[Mother|Father|Sister] had {thing} for years.",
    "The {object} [looks|feels] [swollen|old|normal], [worse|better] on movement.",
)
"""Sentences like the others with nothing to mark: where a drug or a problem would stand there is something else."""
THING_KINDS = ("long", "spicy", "noisy", "early", "cheap", "frozen", "muddy", "crowded", "late", "woolen",
               "foreign", "salty", "heavy", "second-hand", "weekly", "sunny")  # fmt: skip
THINGS = ("walks", "lentils", "neighbors", "shifts", "soup", "holidays", "trains", "classes", "shoes", "traffic",
          "paperwork", "meetings", "oat milk", "garden work", "stairs", "parking fees", "football", "gossip",
          "biscuits", "phone calls", "blankets", "dogs", "school trips", "rice")  # fmt: skip
OBJECTS = ("walking stick", "left shoe", "wheelchair", "hearing aid", "right lens", "lower bunk", "bandage",
           "neck pillow")  # fmt: skip
MOODS = (".", ".", ".", ".", ".", ".", " 🙂.", " 👍.", ".", ".")
LABS = (("glucose", 71, 260, "mg/dL"), ("CRP", 1, 180, "mg/L"), ("creatinine", 54, 210, "µmol/L"),
        ("hemoglobin", 7, 17, "g/dL"), ("sodium", 126, 148, "mmol/L"), ("platelets", 60, 420, "/nL"))  # fmt: skip
MONTHS = ("January", "March", "April", "June", "August", "October", "December")
SPANS = ("days", "weeks", "months", "hours")
