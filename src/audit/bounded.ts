import type { Audit } from './event.js';

interface Judge {
  judge(ip: string, credential?: string): 'kept' | 'last' | 'dropped';
}

/**
 * Records what it is told, but of refused requests only so many: a stranger must not fill the database. Where the rest
 * begins an event says so, and the operator is told; each of the rest is in the log.
 */
export function bounded(record: Audit, strangers: Judge, alarm: (what: string) => void): Audit {
  return (event, ip) => {
    if (event.tenant !== '' && event.status !== 401) return record(event);
    switch (strangers.judge(ip ?? '', event.tenant === '' ? undefined : (event.credential ?? event.user))) {
      case 'kept':
        return record(event);
      case 'dropped':
        return;
      case 'last':
        alarm('refused requests are no longer recorded one by one');
        return record({ ...event, interaction: 'unrecorded', type: undefined, entity: undefined, status: 429 });
    }
  };
}
