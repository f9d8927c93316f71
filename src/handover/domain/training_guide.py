"""What each training instrument is and who it suits (*toeleidingswijzer*), in everyday words.

Source: the Pact, 4.1 (which gap each instrument closes, and which of them oblige an employer to hire), and the survey
of the municipalities (nobody knows all instruments by heart). Amounts and rates are left out: they change by decree.
"""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from handover.domain.codes_training import Instrument


class Explained(Struct, frozen=True):
    """One instrument: what it is, who it suits, what it ends in, and what to ask first; a sentence or two each."""

    what: str
    suits: str
    ends_in: str
    ask: str


GUIDE: Mapping[str, Mapping[Instrument, Explained]] = MappingProxyType(
    {
        "nl": {
            Instrument.VDAB_COURSE: Explained(
                "Een cursus bij VDAB of een partner, met een leraar en een vast rooster.",
                "Past bij wie een vak wil leren en op vaste dagen kan komen.",
                "Eindigt met een attest of een test, soms met een stage erbij.",
                "Vraag eerst: hoelang is de wachttijd, is er kinderopvang en raakt de cliënt er elke dag?",
            ),
            Instrument.IBO: Explained(
                "De cliënt leert een job op de werkvloer van één werkgever. Tijdens de opleiding is er nog geen loon.",
                "Past bij wie wat nog ontbreekt al werkend kan leren.",
                "Eindigt met een arbeidscontract: de werkgever moet de cliënt daarna aanwerven.",
                "Vraag eerst: welke premie komt er, en wat doet ze met het leefloon?",
            ),
            Instrument.OS: Explained(
                "Een opleidingsstage: een stage die bij een opleiding hoort. De cliënt oefent bij een werkgever.",
                "Past bij wie eerst een opleiding nodig heeft, omdat de werkvloer alleen niet volstaat.",
                "Eindigt samen met de opleiding. De werkgever moet niemand aanwerven.",
                "Vraag eerst: bij welke opleiding hoort de stage, en wie zoekt de stageplaats?",
            ),
            Instrument.BIS: Explained(
                "Een stage van enkele maanden bij een werkgever, die daarvoor een vergoeding betaalt.",
                "Past bij wie niet ver van werk staat en een bepaalde vaardigheid nog moet oefenen.",
                "Eindigt met ervaring op het cv. De werkgever moet niemand aanwerven.",
                "Vraag eerst: wat doet de vergoeding met het leefloon of de uitkering?",
            ),
            Instrument.BVS: Explained(
                "Een korte stage om een beroep van dichtbij te leren kennen.",
                "Past bij wie nog zoekt welk werk past, of twijfelt of een beroep haalbaar is.",
                "Eindigt met een doel: dit beroep of net niet, en wat de cliënt ervoor moet leren.",
                "Vraag eerst: welk beroep wil de cliënt proberen, en noemt VDAB dit een BVS of een werkervaringsstage?",
            ),
            Instrument.WES: Explained(
                "Een stage met begeleiding, om te wennen aan werken: op tijd komen, samenwerken, volhouden.",
                "Past bij wie weinig werkervaring of meerdere drempels heeft, en rustig moet opbouwen.",
                "Eindigt met een volgende stap: opleiding, werk of maatwerk. De werkgever moet niemand aanwerven.",
                "Vraag eerst: hoeveel uren houdt de cliënt nu vol?",
            ),
            Instrument.WIJK_WERKEN: Explained(
                "Enkele uren per week klusjes bij mensen, scholen, verenigingen of de gemeente in de buurt.",
                "Past bij wie gewoon werk nu niet aankan, maar wel zelf een klus kan doen.",
                "Eindigt na hoogstens een jaar, met een gesprek over het vervolg.",
                "Vraag eerst: hoeveel uren wil de cliënt werken, en wie volgt op wat er na dat jaar komt?",
            ),
            Instrument.TWE_STEP: Explained(
                "Een stap in een traject van hoogstens twee jaar: begeleiding, stage, opleiding, werk via artikel 60.",
                "Past bij een cliënt met een leefloon die met die begeleiding naar gewoon werk kan.",
                "Eindigt met gewoon werk, of met een andere keuze zoals maatwerk.",
                "Vraag eerst: welke stappen zijn al gezet, en is er bij het OCMW nog plaats in een traject?",
            ),
            Instrument.DUTCH_LESSONS: Explained(
                "Lessen Nederlands, in de klas of op de werkvloer.",
                "Past bij wie de taal nodig heeft om te werken of een opleiding te volgen.",
                "Eindigt met een hoger taalniveau.",
                "Vraag eerst: welk niveau heeft de cliënt nu, en kan de les samen met werk of een stage?",
            ),
        },
        "en": {
            Instrument.VDAB_COURSE: Explained(
                "A course at VDAB or a partner, with a teacher and a fixed timetable.",
                "Suits someone who wants to learn a trade and can come on fixed days.",
                "Ends with a certificate or a test, sometimes with a placement as well.",
                "Ask first: how long is the wait, is there childcare, and can the client get there every day?",
            ),
            Instrument.IBO: Explained(
                "The client learns a job on the work floor of one employer. During the training there is no wage yet.",
                "Suits someone who can learn what is still missing while working.",
                "Ends with a contract: the employer must hire the client afterwards.",
                "Ask first: which premium is there, and what does it do to the living wage?",
            ),
            Instrument.OS: Explained(
                "A placement that belongs to a course: the client practises at an employer what they learned.",
                "Suits someone who needs a course first, because the work floor alone is not enough.",
                "Ends together with the course. The employer need not hire anybody.",
                "Ask first: to which course does the placement belong, and who looks for the place?",
            ),
            Instrument.BIS: Explained(
                "A placement of some months at an employer, who pays an allowance for it.",
                "Suits someone who is not far from work and has to practise a certain skill.",
                "Ends with experience to show. The employer need not hire anybody.",
                "Ask first: what does the allowance do to the living wage or the benefit?",
            ),
            Instrument.BVS: Explained(
                "A short placement to see an occupation from nearby.",
                "Suits someone who is still looking for what fits, or doubts whether an occupation is feasible.",
                "Ends with a goal: this occupation or not, and what the client must learn for it.",
                "Ask first: which occupation does the client want to try, and does VDAB call this BVS or WES?",
            ),
            Instrument.WES: Explained(
                "A placement with guidance, to get used to working: being on time, working together, keeping it up.",
                "Suits someone with little experience or several barriers, who has to build up calmly.",
                "Ends with a next step: training, work or adapted work. The employer need not hire anybody.",
                "Ask first: how many hours can the client manage now?",
            ),
            Instrument.WIJK_WERKEN: Explained(
                "Some hours a week of small jobs for people, schools, associations or the municipality nearby.",
                "Suits someone who cannot manage regular work now, but can do a job on their own.",
                "Ends after a year at most, with a talk about what follows.",
                "Ask first: how many hours does the client want, and who keeps an eye on what comes after that year?",
            ),
            Instrument.TWE_STEP: Explained(
                "A step in a trajectory of two years at most: guidance, placement, course, work through article 60.",
                "Suits a client on living wage who can get to regular work with that guidance.",
                "Ends with regular work, or with another choice such as adapted work.",
                "Ask first: which steps were taken already, and has the OCMW a place left in a trajectory?",
            ),
            Instrument.DUTCH_LESSONS: Explained(
                "Lessons of Dutch, in class or on the work floor.",
                "Suits someone who needs the language to work or to follow a training.",
                "Ends with a higher level of language.",
                "Ask first: which level has the client now, and can the lessons go with work or a placement?",
            ),
        },
        "de": {
            Instrument.VDAB_COURSE: Explained(
                "Ein Kurs beim VDAB oder bei einem Partner, mit Lehrkraft und festem Stundenplan.",
                "Passt zu Menschen, die einen Beruf lernen wollen und an festen Tagen kommen können.",
                "Endet mit einer Bescheinigung oder einem Test, manchmal auch mit einem Praktikum.",
                "Fragen Sie zuerst: Wie lange wartet man, gibt es Kinderbetreuung, und kommt der Kunde jeden Tag hin?",
            ),
            Instrument.IBO: Explained(
                "Der Kunde lernt eine Arbeit direkt im Betrieb. Während der Ausbildung gibt es noch keinen Lohn.",
                "Passt zu Menschen, die bei der Arbeit lernen können, was noch fehlt.",
                "Endet mit einem Arbeitsvertrag: Der Arbeitgeber muss den Kunden danach einstellen.",
                "Fragen Sie zuerst: Welche Prämie gibt es, und was bedeutet sie für das Eingliederungseinkommen?",
            ),
            Instrument.OS: Explained(
                "Ein Praktikum, das zu einer Ausbildung gehört. Der Kunde übt bei einem Arbeitgeber.",
                "Passt zu Menschen, die zuerst eine Ausbildung brauchen, weil der Betrieb allein nicht reicht.",
                "Endet zusammen mit der Ausbildung. Der Arbeitgeber muss niemanden einstellen.",
                "Fragen Sie zuerst: Zu welcher Ausbildung gehört das Praktikum, und wer sucht den Praktikumsplatz?",
            ),
            Instrument.BIS: Explained(
                "Ein Praktikum von einigen Monaten bei einem Arbeitgeber, der dafür eine Vergütung zahlt.",
                "Passt zu Menschen, die nicht weit von der Arbeit entfernt sind und etwas Bestimmtes noch üben müssen.",
                "Endet mit Erfahrung für den Lebenslauf. Der Arbeitgeber muss niemanden einstellen.",
                "Fragen Sie zuerst: Was bedeutet die Vergütung für das Eingliederungseinkommen oder die Leistung?",
            ),
            Instrument.BVS: Explained(
                "Ein kurzes Praktikum, um einen Beruf aus der Nähe kennenzulernen.",
                "Passt zu Menschen, die noch suchen, welche Arbeit passt, oder zweifeln, ob ein Beruf machbar ist.",
                "Endet mit einem Ziel: dieser Beruf oder eben nicht, und was der Kunde dafür lernen muss.",
                "Fragen Sie zuerst: Welchen Beruf will der Kunde ausprobieren, und nennt der VDAB dies BVS oder WES?",
            ),
            Instrument.WES: Explained(
                "Ein Praktikum mit Begleitung, zum Eingewöhnen: pünktlich sein, zusammenarbeiten, durchhalten.",
                "Passt zu Menschen mit wenig Arbeitserfahrung oder mehreren Hindernissen, die langsam aufbauen müssen.",
                "Endet mit einem nächsten Schritt: Ausbildung, Arbeit oder angepasste Arbeit. "
                "Der Arbeitgeber muss niemanden einstellen.",
                "Fragen Sie zuerst: Wie viele Stunden hält der Kunde jetzt durch?",
            ),
            Instrument.WIJK_WERKEN: Explained(
                "Einige Stunden pro Woche kleine Arbeiten für Menschen, Schulen, Vereine oder die Gemeinde vor Ort.",
                "Passt zu Menschen, für die reguläre Arbeit jetzt zu viel ist, die aber kleine Arbeiten schaffen.",
                "Endet nach höchstens einem Jahr, mit einem Gespräch darüber, wie es weitergeht.",
                "Fragen Sie zuerst: Wie viele Stunden will der Kunde, und wer achtet darauf, was nach dem Jahr kommt?",
            ),
            Instrument.TWE_STEP: Explained(
                "Ein Schritt auf einem Weg von höchstens zwei Jahren: Begleitung, Praktikum, Ausbildung, Artikel 60.",
                "Passt zu Kunden mit Eingliederungseinkommen, die mit dieser Begleitung reguläre Arbeit finden können.",
                "Endet mit regulärer Arbeit oder mit einer anderen Wahl, zum Beispiel angepasster Arbeit.",
                "Fragen Sie zuerst: Welche Schritte gab es schon, und hat das ÖSHZ noch einen Platz in einer TWE?",
            ),
            Instrument.DUTCH_LESSONS: Explained(
                "Niederländischunterricht, in der Klasse oder im Betrieb.",
                "Passt zu Menschen, die die Sprache für die Arbeit oder eine Ausbildung brauchen.",
                "Endet mit einem höheren Sprachniveau.",
                "Fragen Sie zuerst: Welches Niveau hat der Kunde, und geht der Unterricht neben Arbeit oder Praktikum?",
            ),
        },
        "fr": {
            Instrument.VDAB_COURSE: Explained(
                "Un cours au VDAB ou chez un partenaire, avec un professeur et un horaire fixe.",
                "Convient à une personne qui veut apprendre un métier et peut venir à des jours fixes.",
                "Se termine par une attestation ou un test, parfois avec un stage en plus.",
                "Demandez d'abord : quelle attente, quelle garde d'enfants, et le client peut-il venir chaque jour ?",
            ),
            Instrument.IBO: Explained(
                "Le client apprend un travail sur place, chez un employeur. Pas de salaire pendant la formation.",
                "Convient à une personne qui peut apprendre en travaillant ce qui lui manque encore.",
                "Se termine par un contrat de travail : l'employeur doit ensuite engager le client.",
                "Demandez d'abord : quelle prime y a-t-il, et que change-t-elle au revenu d'intégration ?",
            ),
            Instrument.OS: Explained(
                "Un stage qui fait partie d'une formation. Le client s'exerce chez un employeur.",
                "Convient à une personne qui a d'abord besoin d'une formation, car apprendre sur place ne suffit pas.",
                "Se termine en même temps que la formation. L'employeur n'est pas obligé d'engager.",
                "Demandez d'abord : de quelle formation le stage fait-il partie, et qui cherche le lieu de stage ?",
            ),
            Instrument.BIS: Explained(
                "Un stage de quelques mois chez un employeur, qui paie une indemnité.",
                "Convient à une personne proche de l'emploi, qui doit encore exercer une compétence précise.",
                "Se termine par une expérience à mettre sur le CV. L'employeur n'est pas obligé d'engager.",
                "Demandez d'abord : que change l'indemnité au revenu d'intégration ou à l'allocation ?",
            ),
            Instrument.BVS: Explained(
                "Un stage court pour voir un métier de près.",
                "Convient à une personne qui cherche encore sa voie, ou qui doute qu'un métier soit possible.",
                "Se termine par un but : ce métier ou non, et ce que le client doit apprendre pour y arriver.",
                "Demandez d'abord : quel métier le client veut-il essayer, et le VDAB appelle-t-il ceci BVS ou WES ?",
            ),
            Instrument.WES: Explained(
                "Un stage accompagné, pour s'habituer au travail : arriver à l'heure, collaborer, tenir bon.",
                "Convient à une personne avec peu d'expérience ou plusieurs freins, qui doit avancer à son rythme.",
                "Se termine par une formation, un emploi ou du travail adapté. L'employeur n'est pas obligé d'engager.",
                "Demandez d'abord : combien d'heures le client peut-il tenir maintenant ?",
            ),
            Instrument.WIJK_WERKEN: Explained(
                "Des petits travaux du quartier, quelques heures par semaine : voisins, école, association, commune.",
                "Convient à une personne qui ne tient pas un emploi ordinaire, mais peut faire seule un petit travail.",
                "Se termine après un an au plus, par un entretien sur la suite.",
                "Demandez d'abord : combien d'heures le client veut-il travailler, et qui prépare la suite ?",
            ),
            Instrument.TWE_STEP: Explained(
                "Une étape d'un parcours de deux ans au plus : accompagnement, stage, formation, article 60.",
                "Convient à un client avec un revenu d'intégration, capable d'aller ainsi vers un emploi ordinaire.",
                "Se termine par un emploi ordinaire, ou par un autre choix comme le travail adapté.",
                "Demandez d'abord : quelles étapes sont déjà faites, et le CPAS a-t-il une place dans un parcours ?",
            ),
            Instrument.DUTCH_LESSONS: Explained(
                "Des cours de néerlandais, en classe ou sur le lieu de travail.",
                "Convient à une personne qui a besoin de la langue pour travailler ou suivre une formation.",
                "Se termine par un meilleur niveau de langue.",
                "Demandez d'abord : quel est le niveau du client, et le cours va-t-il avec un travail ou un stage ?",
            ),
        },
    }
)
"""By language (nl, fr, de, en), then by instrument."""
