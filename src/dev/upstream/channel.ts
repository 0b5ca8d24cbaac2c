import type { VitalSet } from '../../channel/vital-signs.js';

/** A channel as the API of Pulsara tells it: what our own native API takes has the same names. */
export interface UpstreamChannel {
  readonly id: string;
  readonly status: 'active' | 'stopped';
  readonly started_at: string;
  readonly stopped_at?: string;
  readonly method_of_arrival: 'INBOUND_EMS' | 'ED_PATIENT' | 'IN_PATIENT';
  readonly patient_type: string;
  readonly first_name: string | null;
  readonly first_name_unknown?: boolean;
  readonly last_name: string | null;
  readonly last_name_unknown?: boolean;
  readonly dob?: string | null;
  readonly age?: number;
  readonly age_unit?: string;
  readonly gender?: string;
  readonly height?: { readonly value: number; readonly unit: string };
  readonly weight?: { readonly value: number; readonly unit: string };
  readonly chief_complaint?: string;
  readonly condition?: string;
  readonly acuity?: { readonly label: string; readonly nemsis?: string };
  readonly destination?: string;
  readonly unit?: string;
  readonly room?: string;
  readonly entities?: readonly { readonly entity_id: string; readonly role: string }[];
  readonly identifiers: readonly UpstreamIdentifier[];
  readonly labels?: readonly {
    readonly name: string;
    readonly type?: string;
    readonly visibility: 'public' | 'private';
    readonly entity_id: string;
  }[];
  readonly timeline?: readonly { readonly event: string; readonly at: string | null }[];
  readonly vital_signs?: readonly VitalSet[];
  readonly labs?: readonly {
    readonly at: string;
    readonly test: string;
    readonly value: string;
    readonly unit?: string;
    readonly reference_range?: string;
    readonly flag?: string;
  }[];
  readonly team_messages?: readonly {
    readonly id: string;
    readonly sent_at: string;
    readonly sender: string;
    readonly text: string;
    readonly urgent?: boolean;
  }[];
}

export interface UpstreamIdentifier {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly value: string;
}
