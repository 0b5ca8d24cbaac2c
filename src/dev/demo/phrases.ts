import type { PatientType } from './presentation.js';

/**
 * What teams write. In braces: what the case fills in. `crew` opens the case, `specialist` answers for the type, the
 * rest is said in any case.
 */
interface Talk {
  readonly crew: readonly string[];
  readonly specialist: readonly string[];
}

export const TALK: Readonly<Record<PatientType, Talk>> = {
  stemi: {
    crew: [
      'STEMI alert. {age}, {complaint}. 12-lead attached, ST elevation. Aspirin 324 mg given, ETA {eta} min.',
      'Inferior STEMI on the monitor, {age}. No nitro, pressure is soft. ETA {eta} min.',
    ],
    specialist: [
      'ECG reviewed, I agree. Activating the cath lab, bring the patient straight up.',
      'Cath team is in the house. Table is ready.',
      'Any anticoagulants or a dye allergy?',
      'Culprit opened, good flow. Patient goes to CCU.',
    ],
  },
  stroke: {
    crew: [
      'Stroke alert. {age}, {complaint}. Glucose 128, LAMS positive, last known well is in the timeline. ETA {eta} min.',
      '{age}, {complaint}. Family says normal at bedtime. Two lines in, ETA {eta} min.',
    ],
    specialist: [
      'CT is held for you, go straight past the room.',
      'Any blood thinners? Please ask the family for the time of the last dose.',
      'No bleed on CT. Large vessel occlusion on CTA, calling the thrombectomy team.',
      'Thrombolysis started, next neuro check in 15 min.',
    ],
  },
  sepsis: {
    crew: [
      'Sepsis alert. {age}, {complaint}. 500 mL in, second line in. ETA {eta} min.',
      '{age}, {complaint}. Warm to touch, mottled knees. Fluids running, ETA {eta} min.',
    ],
    specialist: [
      'Two sets of cultures before the antibiotics, please. I have ordered them.',
      'If the pressure does not come up after 30 mL/kg, start norepinephrine.',
      'Source looks like the urine. Accepting to the step-down unit.',
      'Repeat lactate at two hours.',
    ],
  },
  trauma: {
    crew: [
      'Trauma alert. {age}, {complaint}. GCS and pressures in the channel, pelvic binder on. ETA {eta} min.',
      '{age}, {complaint}. Bleeding controlled with a tourniquet, collar on. ETA {eta} min.',
    ],
    specialist: [
      'Trauma team is in the bay. Two units of O blood are at the bedside.',
      'FAST is negative. Straight to CT.',
      'Was there loss of consciousness at the scene?',
      'Spleen laceration on CT, we watch it in the ICU.',
    ],
  },
  'cardiac-arrest': {
    crew: [
      'Pulse back after CPR. {age}, {complaint}. Airway secured, ETA {eta} min.',
      '{age}, {complaint}. Down time about 9 min, now a strong carotid. ETA {eta} min.',
    ],
    specialist: [
      'Keep the pressure above 90 systolic and do not overventilate.',
      'Cath lab is aware. Temperature control starts in the ED.',
      'Who witnessed it, and was there CPR at once?',
      'Family has arrived, they are in the quiet room.',
    ],
  },
  'pulmonary-embolism': {
    crew: ['{age}, {complaint}. Saturation low on room air, clear lungs. ETA {eta} min.'],
    specialist: [
      'Sounds like a PE. Scanner is free in 10 minutes.',
      'Right ventricle is strained on the bedside echo. Heparin started.',
      'PE response call in five minutes, link is in the channel.',
    ],
  },
  'shock-ecmo': {
    crew: ['{age}, {complaint}. Two pressors, both lines labeled. ETA {eta} min.'],
    specialist: [
      'ECMO team is on the way in. Perfusion confirmed.',
      'Please send the last echo with the patient.',
      'Cannulation in the hybrid room, not the ED.',
    ],
  },
  obstetrics: {
    crew: ['{age}, {complaint}. Left side down, fetal movement felt. ETA {eta} min.'],
    specialist: [
      'Bring her straight to labor and delivery, third floor.',
      'Magnesium is ready. Any headache or spots before the eyes?',
      'Tracing looks good. We keep her for the night.',
    ],
  },
  'surgical-emergency': {
    crew: ['{age}, {complaint}. Belly is rigid, nothing by mouth. ETA {eta} min.'],
    specialist: [
      'CT with contrast as soon as the creatinine is back.',
      'OR 4 is being opened. Consent will be taken in the ED.',
      'When was the last meal?',
    ],
  },
  toxicology: {
    crew: ['{age}, {complaint}. Bottles are in the bag, label is torn. ETA {eta} min.'],
    specialist: [
      'Poison center called, they suggest a repeat level at four hours.',
      'Please keep the monitor on, QRS is borderline.',
      'Awake and talking, sitter is in the room.',
    ],
  },
  behavioral: {
    crew: ['{age}, {complaint}. Cooperative, no restraints. ETA {eta} min.'],
    specialist: [
      'Quiet room is ready, security is told but stays outside.',
      'Evaluation done, safe to go home with the sister. Appointment on Thursday.',
    ],
  },
  general: {
    crew: [
      '{age}, {complaint}. Stable at the moment. ETA {eta} min.',
      'Routine transport. {age}, {complaint}. ETA {eta} min.',
    ],
    specialist: [
      'Known to us, last discharge three weeks ago.',
      'Feels better after treatment. Walking test, then home.',
      'Admitted for observation.',
    ],
  },
};

/** Doses and drugs of the lines above are for grown-ups. */
export const CHILD_CREW = ['{age}, {complaint}. A parent is on board. ETA {eta} min.'] as const;

export const TRIAGE = ['{age}, {complaint}. In {room} now.', 'New in {room}: {age}, {complaint}.'] as const;

export const HOSPITAL = [
  'Received, {room} is yours.',
  'Thank you. Please bring the medication list.',
  'Any allergies?',
  'Interpreter is on the line if you need one.',
] as const;

export const CREW = [
  'Family is following in their own car.',
  'Allergic to penicillin, rash only.',
  'No change, still five minutes out with traffic at the bridge.',
  'Pulling in now.',
] as const;

export const AFTERWARDS = [
  'Family updated.',
  'Report given, care handed over.',
  'Bed upstairs is assigned, transport in 20 minutes.',
  'Thanks everyone, good teamwork.',
] as const;
