"""The codes of the API; `GET /v1/refData` gives their words in four languages.

Written by `make client` from openapi/handover-v1.json; do not change it by hand.
"""

from typing import Literal

AbsenceReason = Literal["careDuties", "illness", "mobility", "noNotice", "other", "work"]
Advice = Literal["negative", "positive"]
BarrierKind = Literal[
    "addiction",
    "careDuties",
    "childcare",
    "debt",
    "digital",
    "housing",
    "justice",
    "language",
    "mentalHealth",
    "mobility",
]
BarrierState = Literal["inProgress", "open", "solved"]
Benefit = Literal["equivalentLivingWage", "livingWage", "none", "sickness", "unemployment"]
By = Literal["sender", "receiver", "side", "lead", "ocmw", "vdab", "organiser", "ocmwOrVdab", "any", "system"]
CancellationReason = Literal["clientWithdrew", "foundWork", "mistake", "moved", "other"]
Capacity = Literal[
    "actionPartner",
    "employedThroughOcmw",
    "equivalentLivingWage",
    "jobSeeker",
    "livingWage",
    "otherAid",
    "otherGuidance",
    "underInquiry",
]
ClientReason = Literal["careDuties", "illness", "mobility", "notInformed", "other", "work"]
ClosingReason = Literal["clientStops", "deceased", "goalReached", "moved", "other", "retired"]
ConflictResolution = Literal["bothTrue", "corrected", "otherPerson"]
ContactMeans = Literal["jointIntake", "message", "office", "phone", "threeWayTalk", "video", "visit"]
ContactResult = Literal["appointmentMade", "messageLeft", "noAnswer", "wrongDetails"]
Content = Literal["thin", "full"]
ContractType = Literal["adaptedWork", "fixedTerm", "flexiJob", "permanent", "selfEmployed", "temporaryAgency"]
EndReason = Literal["dismissed", "endDate", "foundWork", "illness", "other", "resigned"]
ErrorReason = Literal["doubleEntry", "other", "wrongData", "wrongDossier"]
FailureReason = Literal["ineligible", "refused", "unattended", "unreachable"]
Group = Literal["yourTurn", "theirTurn", "news"]
HandoverOutcome = Literal["employed", "guidanceFinished", "inTraining", "notReady", "referredOn"]
HoldReason = Literal["careDuties", "housing", "illness", "other", "waitingForThirdParty"]
InformationNeeded = Literal["clientAgreement", "medicalReport", "other", "socialReport", "workHistory"]
Instrument = Literal["bis", "bvs", "dutchLessons", "ibo", "os", "tweStep", "vdabCourse", "wes", "wijkWerken"]
IntakeForm = Literal["joint", "single", "startMeeting"]
LabelRefusalReason = Literal[
    "conditionsNotMet",
    "notEnoughInformation",
    "other",
    "otherMeasureFits",
    "regularWorkPossible",
]
LabelRoute = Literal["automaticRight", "icf"]
LanguageLevel = Literal["a1", "a2", "b1", "b2", "c1", "c2", "none"]
LeadKind = Literal["external", "ocmw", "vdab"]
MandateScope = Literal["registerAtVdab", "shareConfidential"]
NonCooperationAct = Literal[
    "brokenAgreement",
    "missedAppointment",
    "notApplying",
    "notReachable",
    "refusedOffer",
    "stoppedTraining",
]
NonCooperationOutcome = Literal["agreementsRenewed", "noAction", "sanctionDecided", "warning"]
OfferKind = Literal[
    "adaptedWork",
    "childcare",
    "debtHelp",
    "digital",
    "dutchLessons",
    "guidance",
    "mentalHealth",
    "mobility",
    "other",
    "training",
    "workExperience",
]
OrganisationKind = Literal["ocmw", "partner", "vdab"]
Outcome = Literal["seen", "denied", "breakGlass", "notFound"]
Present = Literal["client", "confidant", "interpreter", "partner", "receiver", "sender"]
Purpose = Literal[
    "aftercare",
    "guidanceToWork",
    "labelAssessment",
    "language",
    "orientation",
    "socialSupport",
    "training",
]
QuestionRole = Literal["coordinator", "counsellor", "fixedContact"]
RejectionReason = Literal["cannotContact", "duplicate", "noCapacity", "notEligible", "wrongService"]
Relation = Literal["assigned", "inscribed", "brokenGlass", "former", "outside"]
ReportWithdrawalReason = Literal["goodReason", "mistake", "other", "settledInTalk"]
Role = Literal["counsellor", "coordinator", "integration", "dataProtectionOfficer", "administrator"]
Rung = Literal["coordinators", "counsellor", "team"]
Stability = Literal["atRisk", "lostWork", "notReached", "stable"]
State = Literal["pending", "succeeded", "dead", "skipped"]
Status = Literal[
    "requested",
    "received",
    "accepted",
    "rejected",
    "inProgress",
    "onHold",
    "completed",
    "failed",
    "cancelled",
    "closed",
    "enteredInError",
]
SupportMeasure = Literal[
    "adaptedTasks",
    "adaptedWorkplace",
    "coachingAtWork",
    "interpreter",
    "transport",
    "wageSubsidy",
]
TargetGroup = Literal[
    "employedThroughOcmw",
    "equivalentLivingWage",
    "inactiveWithBenefit",
    "inactiveWithoutBenefit",
    "jobSeeker",
    "jobSeekerMultipleProblems",
    "livingWage",
]
TicketType = Literal["collectiveAdaptedWork", "individualAdaptedWork"]
TrainingRefusalReason = Literal["incomeAtRisk", "notFeasibleNow", "other", "otherPathFirst", "tooLong"]
TrainingResult = Literal["failed", "hired", "partlyPassed", "passed"]
TrainingStopReason = Literal["absences", "art60Started", "care", "foundWork", "illness", "other", "tooHard"]
TrajectoryKind = Literal["guidance", "intensive", "training", "workExperience"]
Turn = Literal["sender", "receiver", "ocmw", "vdab", "organiser", "other", "unchanged", "nobody"]
Visibility = Literal["step", "content", "confidential", "internal"]
WorkWish = Literal["fullTime", "notNow", "partTime", "trainingFirst", "unsure"]
