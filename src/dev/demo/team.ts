import { PRESENTATIONS } from './presentations.js';
import type { Plan } from './plan.js';
import { outsider, staff, type Clinician, type Skill } from './practitioners.js';
import type { Random } from './random.js';

/** Who takes part in a case; one may have several of these roles. */
export interface Team {
  readonly medic: Clinician;
  readonly partner: Clinician;
  readonly nurse: Clinician;
  readonly charge: Clinician;
  readonly physician: Clinician;
  readonly specialist: Clinician;
}

export function gatherTeam({ origin, destination, type }: Plan, random: Random): Team {
  const of = (organization: string, side: 'ems' | 'hospital') => {
    const known = staff.filter((each) => each.organization === organization);
    return (skill: Skill): Clinician => {
      const able = known.filter(({ skills }) => skills.includes(skill));
      return able.length > 0 ? random.pick(able) : outsider(organization, side);
    };
  };
  const hospital = of(destination, 'hospital');
  const nurse = hospital('nurse');
  const ems = origin === undefined ? undefined : of(origin, 'ems');
  return {
    medic: ems?.('medic') ?? nurse,
    partner: ems?.('technician') ?? nurse,
    nurse,
    charge: hospital('charge'),
    physician: hospital('emergency'),
    specialist: hospital(PRESENTATIONS[type].team),
  };
}
