"""Three stories as counsellors tell them (survey of the municipalities; Pact 4.1-4.3; the art. 60 schedule)."""

from collections.abc import Awaitable, Callable

from tests.story.telling import OCMW, VDAB, Story

OCMW_1, OCMW_2 = f"{OCMW}.trajectbegeleider-1", f"{OCMW}.trajectbegeleider-2"
VDAB_1, VDAB_2 = f"{VDAB}.bemiddelaar-1", f"{VDAB}.bemiddelaar-2"


async def to_adapted_work(s: Story) -> None:
    """Leefloon to individueel maatwerk: months of waiting made visible, a label refused, then granted."""
    await s.begin("Van leefloon naar individueel maatwerk")
    await s.step(VDAB_1, "dossier.registeredAtVdab", {"since": s.day(-20)})
    shares = {"scope": "shareConfidential", "givenOn": s.day(), "sharedWith": VDAB, "evidence": "ocmw:mandaat:118"}
    mandate = await s.step(OCMW_1, "dossier.mandateGiven", shares)
    intake = await s.step(
        OCMW_1,
        "intake.recorded",
        {
            "targetGroup": "livingWage",
            "workWish": "partTime",
            "situation": "Werkte vier jaar in een kringwinkel.",
            "health": "Kan niet lang rechtstaan.",
        },
    )
    seen = await s.reads(VDAB_1, intake)
    assert "health" in seen["data"], "the client's mandate opens it to VDAB"
    await s.step(
        OCMW_1,
        "label.requested",
        {
            "receiver": VDAB,
            "ticketType": "individualAdaptedWork",
            "route": "icf",
            "contact": OCMW_1,
            "motivation": "Wil werken, maar houdt het tempo niet vol zonder begeleiding.",
            "functioning": "Concentratie één uur, daarna pauze.",
        },
        of="label",
    )
    await s.pass_days(1, "VDAB bekijkt de aanvraag")
    await s.step(VDAB_1, "label.informationRequested", {"what": ["workHistory", "medicalReport"]}, of="label")
    told = await s.pass_days(22, "het OCMW antwoordt niet: begeleider, team, coördinatoren")
    assert told == 3
    assert (await s.thread("label"))["escalation"] == "coordinators"
    await s.step(OCMW_1, "label.informationProvided", {"answer": "Verslag en loopbaan in bijlage."}, of="label")
    await s.pass_days(20, "VDAB beoordeelt")
    await s.step(VDAB_1, "label.assessed", {"assessedBy": VDAB_1, "advice": "negative"}, of="label")
    refusal = {"decidedBy": VDAB_1, "reason": "notEnoughInformation"}
    await s.refused(VDAB_1, "label.refused", refusal, "fourEyes", of="label")
    await s.step(VDAB_2, "label.refused", refusal | {"decidedBy": VDAB_2}, of="label")
    await s.pass_days(3, "het OCMW heeft een nieuw verslag")
    again = {"grounds": "De arbeidsarts schreef een nieuw verslag."}
    await s.step(OCMW_1, "label.reconsiderationRequested", again, of="label")
    await s.pass_days(12, "VDAB bekijkt het opnieuw")
    measures = ["wageSubsidy", "coachingAtWork"]
    advice = {"assessedBy": VDAB_2, "advice": "positive", "proposedMeasures": measures}
    await s.step(VDAB_2, "label.assessed", advice, of="label")
    granted = {
        "decidedBy": VDAB_1,
        "ticket": "vdab:ticket:2027-4711",
        "validUntil": s.day(365),
        "supportMeasures": measures,
    }
    await s.step(VDAB_1, "label.granted", granted, of="label")
    assert (await s.thread("label"))["ageDays"] == 58, "how long the client waited is there for all to see"
    await s.pass_days(30, "er is een plaats")
    placed = {"employer": "Maatwerkbedrijf in de regio", "startsOn": s.day(), "hoursPerWeek": 19.0}
    await s.step(OCMW_1, "label.placed", placed, of="label")
    await s.step(OCMW_1, "dossier.mandateWithdrawn", {"mandateId": mandate["eventId"]}, of="mandate")
    await s.step(VDAB_1, "dossier.mandateWithdrawalAcknowledged", {}, of="mandate")
    seen = await s.reads(VDAB_1, intake)
    assert seen["redacted"] == ["health"], "from now on it is withheld, and said so"
    assert all(t["status"] == "completed" for t in await s.threads_now())


async def training_and_a_report(s: Story) -> None:
    """A training with a waiting list and absences; a report of non-cooperation, contested and settled."""
    await s.begin("Opleiding met wachtlijst, afwezigheden en een betwiste melding")
    await s.step(VDAB_1, "dossier.registeredAtVdab", {"since": s.day(-20)})
    proposal = {
        "receiver": OCMW,
        "instrument": "vdabCourse",
        "title": "Magazijnmedewerker",
        "why": "Heeft ervaring, mist het heftruckattest.",
        "where": "Opleidingscentrum in de regio",
        "reachableBy": "Met de fiets, 20 minuten.",
        "hoursPerWeek": 38.0,
    }
    await s.step(VDAB_1, "training.proposed", proposal, of="training")
    await s.refused(VDAB_1, "training.started", {"startsOn": s.day()}, "wrongState", of="training")
    await s.pass_days(14, "het BCSD vergadert")
    await s.step(OCMW_1, "training.approved", {"decidedOn": s.day()}, of="training")
    await s.step(VDAB_1, "training.waitlisted", {"expectedStart": s.day(60)}, of="training")
    told = await s.pass_days(35, "de verwachte start is niet ververst")
    assert told >= 1
    await s.step(VDAB_1, "training.waitlisted", {"expectedStart": s.day(28)}, of="training")
    await s.pass_days(28, "er is plaats")
    await s.step(VDAB_1, "training.started", {"startsOn": s.day(), "endsOn": s.day(120)}, of="training")
    await s.pass_days(25, "de klas loopt")
    attendance = {
        "firstDay": s.day(-25),
        "lastDay": s.day(-1),
        "hoursPlanned": 120.0,
        "hoursMissedWithReason": 8.0,
        "hoursMissedWithoutReason": 30.0,
    }
    await s.step(VDAB_1, "training.attendanceRecorded", attendance, of="training")
    question = {
        "receiver": OCMW,
        "question": "Weten jullie waarom zij zo vaak afwezig is?",
        "thread": s.threads["training"],
    }
    await s.step(VDAB_1, "question.asked", question, of="question")
    await s.pass_days(2, "het OCMW belt de cliënt")
    await s.step(OCMW_1, "question.answered", {"answer": "De kinderopvang valt weg op donderdag."}, of="question")
    await s.step(VDAB_1, "question.closed", {}, of="question")
    observed = {
        "receiver": OCMW,
        "act": "stoppedTraining",
        "happenedAt": s.moment(-1),
        "what": "Kwam de hele week niet en nam de telefoon niet op.",
        "agreement": "Elke dag aanwezig zijn of voor negen uur verwittigen.",
        "thread": s.threads["training"],
    }
    await s.step(VDAB_1, "nonCooperation.observed", observed, of="report")
    reported = {"what": "Ook de tweede week afwezig zonder bericht."}
    await s.step(VDAB_1, "nonCooperation.reported", reported, of="report")
    told = await s.pass_days(8, "het OCMW zwijgt: de melding loopt de ladder op en sluit niet vanzelf")
    assert told >= 2
    assert (await s.thread("report"))["status"] == "requested"
    await s.step(OCMW_1, "nonCooperation.acknowledged", {"counsellor": OCMW_1}, of="report")
    statement = {"statement": "Zij zegt dat zij elke keer een sms stuurde."}
    await s.step(OCMW_1, "nonCooperation.contested", statement, of="report")
    await s.pass_days(5, "het gesprek")
    heard = {"heardAt": s.moment(-1), "means": "office", "account": "Toont de berichten op haar toestel."}
    await s.step(OCMW_1, "nonCooperation.clientHeard", heard, of="report")
    decided = {
        "outcome": "agreementsRenewed",
        "decidedOn": s.day(),
        "motivation": "De berichten kwamen op een oud nummer toe.",
        "sharedMotivation": "Er is een nieuw nummer afgesproken om te verwittigen.",
    }
    outcome = await s.step(OCMW_1, "nonCooperation.outcomeDecided", decided, of="report")
    seen = (await s.reads(VDAB_1, outcome))["data"]
    assert (seen["outcome"], "motivation" in seen, "sharedMotivation" in seen) == ("agreementsRenewed", False, True)
    await s.step(VDAB_1, "nonCooperation.closed", {}, of="report")
    pause = {"reason": "careDuties", "reviewOn": s.day(14)}
    await s.step(VDAB_1, "training.interrupted", pause, of="training")
    await s.pass_days(14, "de opvang is geregeld")
    await s.step(VDAB_1, "training.resumed", {}, of="training")
    await s.pass_days(29, "het examen")
    await s.step(VDAB_1, "training.completed", {"result": "passed", "endedOn": s.day()}, of="training")
    assert not [t for t in await s.threads_now() if "turn" in t], "nothing waits for anybody"


async def article_60(s: Story) -> None:
    """Art. 60 with its consultation that escalates, an end that proposes who directs, and aftercare."""
    await s.begin("Artikel 60 met overleg en nazorg", group="employedThroughOcmw", capacity="employedThroughOcmw")
    contract = {"startsOn": s.day(), "endsOn": s.day(300), "workplace": "Kringwinkel", "function": "Magazijn"}
    await s.step(OCMW_1, "followUp.art60Started", contract, of="art60")
    await s.pass_days(100, "het contract loopt, er is nog niets te doen")
    await s.step(OCMW_1, "followUp.art60Changed", {"endsOn": s.day(220)}, of="art60")
    told = await s.pass_days(140, "drie maanden voor het einde is er nog niet overlegd")
    assert told == 3
    assert (await s.thread("art60"))["escalation"] == "coordinators"
    held = {"heldOn": s.day(), "agreed": "Na het contract volgt begeleiding door VDAB.", "endsOn": s.day(80)}
    await s.step(VDAB_1, "followUp.art60ConsultationHeld", held, of="art60")
    await s.pass_days(80, "het contract stopt")
    ended = {
        "endedOn": s.day(),
        "reason": "endDate",
        "proposedTargetGroup": "jobSeeker",
        "proposedLead": "vdab",
    }
    await s.step(OCMW_1, "followUp.art60Ended", ended, of="art60")
    asked = next(t for t in await s.threads_now() if t.get("topic") == "lead")
    assert (asked["status"], asked["turn"]["organisation"]) == ("requested", VDAB), "the end proposes who directs"
    s.threads["lead"] = asked["threadId"]
    await s.step(VDAB_1, "dossier.leadAccepted", {"counsellor": VDAB_1}, of="lead")
    dossier = await s.dossier()
    assert (dossier["lead"]["kind"], dossier["targetGroup"]) == ("vdab", "jobSeeker")
    work = {"startsOn": s.day(), "contractType": "fixedTerm", "hoursPerWeek": 30.0}
    await s.step(VDAB_1, "followUp.employmentStarted", work, of="work")
    started = s.day()
    await s.step(VDAB_1, "followUp.aftercareStarted", {"startsOn": started}, of="aftercare")
    for days, stability in ((31, "stable"), (61, "atRisk")):
        await s.pass_days(days, "een nazorggesprek")
        check = {"startsOn": started, "checkedOn": s.day(), "stability": stability}
        await s.step(VDAB_1, "followUp.aftercareChecked", check, of="aftercare")
    await s.pass_days(20, "het werk stopt")
    await s.step(VDAB_1, "followUp.employmentEnded", {"endedOn": s.day(), "reason": "dismissed"}, of="work")
    assert (await s.thread("work"))["revolvingDoor"] is True, "out within six months"
    await s.step(VDAB_1, "followUp.aftercareEnded", {"endedOn": s.day(), "stability": "lostWork"}, of="aftercare")
    assert not [t for t in await s.threads_now() if "turn" in t], "nothing waits for anybody"


STORIES: tuple[Callable[[Story], Awaitable[None]], ...] = (to_adapted_work, training_and_a_report, article_60)
