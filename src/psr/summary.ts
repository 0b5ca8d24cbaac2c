/**
 * What a PSR says: one emergency case, as one organization knows it. Whatever is not known is left out, and the
 * document then says so. Times are ISO 8601 with a zone, and are printed in `timeZone`.
 */
export interface CaseSummary {
  readonly caseId: string;
  /** Whose copy this is; heads every page. */
  readonly organization: string;
  /** In words: "Active", "Stopped". */
  readonly status: string;
  /** The case was not closed yet when this was made. */
  readonly preliminary?: boolean | undefined;
  readonly generatedAt: string;
  /** Counts the summaries of one case, from 1. */
  readonly version: number;
  /** IANA name, such as `America/Chicago`; UTC when it is left out. */
  readonly timeZone?: string | undefined;

  readonly patient: PatientSummary;
  readonly patientType?: string | undefined;
  readonly chiefComplaint?: string | undefined;
  readonly acuity?: string | undefined;
  readonly methodOfArrival?: string | undefined;
  /** The EMS agency, or the hospital that transfers the patient. */
  readonly origin?: string | undefined;
  readonly destination?: string | undefined;
  readonly unit?: string | undefined;
  readonly room?: string | undefined;
  readonly eta?: string | undefined;

  /** Set and unset stamps, in the order of the form. */
  readonly timeline: readonly TimelineEvent[];
  readonly vitals: readonly VitalSet[];
  readonly labs: readonly LabLine[];
  readonly scores: readonly ScoreLine[];
  readonly messages: readonly TeamMessage[];
}

export interface PatientSummary {
  readonly name?: string | undefined;
  /** FHIR date: may be a year alone. */
  readonly birthDate?: string | undefined;
  /** In words, for a patient without a birth date: "about 60 years". */
  readonly age?: string | undefined;
  readonly sex?: string | undefined;
  readonly mrn?: string | undefined;
  readonly heightCentimeters?: number | undefined;
  readonly weightKilograms?: number | undefined;
}

export interface TimelineEvent {
  readonly label: string;
  readonly at?: string | undefined;
}

/** What was measured at one time. */
export interface VitalSet {
  readonly at: string;
  readonly heartRate?: number | undefined;
  readonly systolic?: number | undefined;
  readonly diastolic?: number | undefined;
  readonly respiratoryRate?: number | undefined;
  readonly oxygenSaturation?: number | undefined;
  readonly oxygenLitersPerMinute?: number | undefined;
  readonly temperatureCelsius?: number | undefined;
  readonly comaScale?: number | undefined;
  readonly pain?: number | undefined;
}

export interface LabLine {
  readonly at: string;
  readonly test: string;
  readonly value: string;
  readonly unit?: string | undefined;
  readonly referenceRange?: string | undefined;
  /** H, L, HH, LL, POS ... */
  readonly flag?: string | undefined;
}

export interface ScoreLine {
  readonly at: string;
  readonly score: string;
  readonly value: string;
}

export interface TeamMessage {
  readonly at: string;
  readonly sender: string;
  readonly role?: string | undefined;
  readonly text: string;
}
