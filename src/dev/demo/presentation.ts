import type { LabName } from './labs.js';
import type { Skill } from './practitioners.js';
import type { PRESENTATIONS } from './presentations.js';

/** How far the vital signs are from what is normal at that age. */
export interface Strain {
  readonly heartRate: number;
  readonly systolic: number;
  readonly diastolic: number;
  readonly respiratoryRate: number;
  readonly oxygenSaturation: number;
  readonly temperature: number;
  readonly comaScale: number;
  readonly pain: number;
}

export const strain = (
  ...[heartRate, systolic, diastolic, respiratoryRate, oxygenSaturation, temperature, comaScale, pain]: readonly [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
): Strain => ({ heartRate, systolic, diastolic, respiratoryRate, oxygenSaturation, temperature, comaScale, pain });

/** One patient type, as the case begins. */
export interface Presentation {
  readonly text: string;
  readonly complaints: readonly string[];
  /** Of those who come by themselves, where that makes a difference. */
  readonly walkIn?: readonly string[];
  /** Of children under 12. */
  readonly children?: readonly string[];
  /** Nobody walks in with this. */
  readonly isCarried?: boolean;
  /** How often, among the types that the patient can have. */
  readonly weight: number;
  readonly ages: readonly [from: number, to: number];
  readonly strain: Strain;
  /** 0 for what is mostly a worry, 1 for what kills. */
  readonly severity: number;
  /** Who answers, apart from the emergency department. */
  readonly team: Skill;
  /** Results that are away from normal: mean and deviation. */
  readonly labs: Partial<Record<LabName, readonly [mean: number, deviation: number]>>;
  /** Also taken, and mostly normal. */
  readonly panel: readonly LabName[];
}

export type PatientType = keyof typeof PRESENTATIONS;
