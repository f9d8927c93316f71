"""What each training instrument is and who it suits (*toeleidingswijzer*), in everyday words.

Source: the survey of the municipalities (nobody knows all instruments by heart) and the Pact, chapter 4.
"""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from handover.domain.codes_training import Instrument


class Explained(Struct, frozen=True):
    """One instrument: what it is, who it suits, what it ends in, and what to ask first."""

    what: str
    suits: str
    ends_in: str
    ask: str


GUIDE: Mapping[str, Mapping[Instrument, Explained]] = MappingProxyType(
    {
        "nl": {
            Instrument.VDAB_COURSE: Explained(
                "Een cursus bij VDAB of een partner, met een leraar en een vast rooster.",
                "Past bij wie een vak wil leren en elke dag kan komen.",
                "Eindigt met een attest of een test.",
                "Vraag eerst: is er opvang voor de kinderen en raakt de cliënt er elke dag?",
            ),
            Instrument.IBO: Explained(
                "De cliënt leert een job bij één werkgever, met een premie van VDAB bovenop de uitkering.",
                "Past bij wie bijna klaar is voor werk en alleen nog iets moet bijleren.",
                "Eindigt met een arbeidscontract bij die werkgever.",
                "Vraag eerst: wat doet dit met het leefloon tijdens de opleiding?",
            ),
            Instrument.OS: Explained(
                "Enkele dagen meelopen op een werkvloer om te zien of een beroep past.",
                "Past bij wie nog zoekt welk werk het wordt.",
                "Eindigt met een advies over het vervolg.",
                "Vraag eerst: welke twee of drie beroepen wil de cliënt proberen?",
            ),
            Instrument.BIS: Explained(
                "Een stage van enkele maanden bij een werkgever, met een vergoeding.",
                "Past bij wie werkervaring mist en al veel kan.",
                "Eindigt met ervaring op het cv, soms met een job.",
                "Vraag eerst: hoeveel weegt de vergoeding op het inkomen?",
            ),
            Instrument.BVS: Explained(
                "Een korte stage om een beroep en een werkplek te leren kennen.",
                "Past bij wie weinig weet van werken in België of lang niet werkte.",
                "Eindigt met een beter beeld van wat haalbaar is.",
                "Vraag eerst: wat moet de stage duidelijk maken?",
            ),
            Instrument.WES: Explained(
                "Een stage met veel begeleiding, om weer te wennen aan werken.",
                "Past bij wie meerdere drempels heeft en rustig moet opbouwen.",
                "Eindigt met een volgende stap: opleiding, werk of maatwerk.",
                "Vraag eerst: hoeveel uren houdt de cliënt nu vol?",
            ),
            Instrument.WIJK_WERKEN: Explained(
                "Enkele uren per maand klusjes bij mensen of verenigingen in de buurt.",
                "Past bij wie gewoon werk nu niet aankan, maar wel iets wil doen.",
                "Eindigt na hoogstens een jaar, met een gesprek over het vervolg.",
                "Vraag eerst: wie volgt op wat er na dat jaar komt?",
            ),
            Instrument.TWE_STEP: Explained(
                "Een stap in een traject met begeleiding en werkervaring na elkaar.",
                "Past bij een leefloonklant die binnen twee jaar naar werk kan.",
                "Eindigt met gewoon werk, of met een andere keuze.",
                "Vraag eerst: welke stap is er al gezet en wie betaalt de volgende?",
            ),
            Instrument.DUTCH_LESSONS: Explained(
                "Lessen Nederlands, in de klas of op de werkvloer.",
                "Past bij wie de taal nodig heeft om te werken of een opleiding te volgen.",
                "Eindigt met een hoger taalniveau.",
                "Vraag eerst: kan de les samen met werk of een stage?",
            ),
        },
        "en": {
            Instrument.VDAB_COURSE: Explained(
                "A course at VDAB or a partner, with a teacher and a fixed timetable.",
                "Suits who wants to learn a trade and can come every day.",
                "Ends with a certificate or a test.",
                "Ask first: is there childcare, and can the client get there every day?",
            ),
            Instrument.IBO: Explained(
                "The client learns a job at one employer, with a premium from VDAB on top of the benefit.",
                "Suits who is nearly ready for work and only has to learn a little more.",
                "Ends with a contract at that employer.",
                "Ask first: what does it do to the living wage during the training?",
            ),
            Instrument.OS: Explained(
                "Some days on a work floor to see whether an occupation fits.",
                "Suits who is still looking for which work it will be.",
                "Ends with advice about what follows.",
                "Ask first: which two or three occupations does the client want to try?",
            ),
            Instrument.BIS: Explained(
                "A placement of some months at an employer, with an allowance.",
                "Suits who lacks experience and can do much already.",
                "Ends with experience to show, sometimes with a job.",
                "Ask first: how much does the allowance weigh on the income?",
            ),
            Instrument.BVS: Explained(
                "A short placement to get to know an occupation and a workplace.",
                "Suits who knows little of working in Belgium or has not worked for long.",
                "Ends with a better idea of what is feasible.",
                "Ask first: what should the placement make clear?",
            ),
            Instrument.WES: Explained(
                "A placement with much guidance, to get used to working again.",
                "Suits who meets several barriers and has to build up calmly.",
                "Ends with a next step: training, work or adapted work.",
                "Ask first: how many hours can the client manage now?",
            ),
            Instrument.WIJK_WERKEN: Explained(
                "Some hours a month of small jobs for people or associations nearby.",
                "Suits who cannot manage regular work now, but wants to do something.",
                "Ends after a year at most, with a talk about what follows.",
                "Ask first: who keeps an eye on what comes after that year?",
            ),
            Instrument.TWE_STEP: Explained(
                "A step in a trajectory of guidance and work experience one after the other.",
                "Suits a client on living wage who can get to work within two years.",
                "Ends with regular work, or another choice.",
                "Ask first: which step was taken already, and who pays for the next?",
            ),
            Instrument.DUTCH_LESSONS: Explained(
                "Lessons of Dutch, in class or on the work floor.",
                "Suits who needs the language to work or follow a training.",
                "Ends with a higher level of language.",
                "Ask first: can the lessons go together with work or a placement?",
            ),
        },
    }
)
"""By language (nl, en), then by instrument."""
