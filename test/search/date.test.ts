import { describeSearch } from './describe-search.js';
import { coded, observation, patient } from './resources.js';

const at = (id: string, effectiveDateTime: string): object => observation(id, { effectiveDateTime });
const during = (id: string, start?: string, end?: string): object =>
  observation(id, { effectivePeriod: { ...(start && { start }), ...(end && { end }) } });

describeSearch(
  'search/date on moments and periods',
  'Observation',
  [
    at('year', '2024'),
    at('month', '2024-02'),
    at('leap', '2024-02-29'),
    at('minute', '2024-02-29T10:00:00Z'),
    at('east', '2024-03-01T00:30:00+02:00'),
    at('west', '2024-02-28T23:30:00-05:00'),
    during('period', '2024-02-28', '2024-03-01'),
    during('open-end', '2024-02-29T12:00:00Z'),
    during('open-start', undefined, '2023-12-31'),
    at('later', '2025-01-01T00:00:00.500Z'),
    observation('none'),
  ],
  {
    'REST 37: without a prefix, the interval searched for contains that of the resource': [
      ['date=2024', 'east leap minute month period west year'],
      ['date=eq2024-02', 'east leap minute month west'],
      ['date=2024-02-29', 'east leap minute west'],
      ['date=2024-02-29T10:00Z', 'minute'],
      ['date=2024-02-29T10:00', 'minute'],
      ['date=2024-02-29T12:00:00%2B02:00', 'minute'],
      ['date=2024-02-29T12:00:00+02:00', 'minute'],
      ['date=2025-01-01T00:00:00.500Z', 'later'],
      ['date=2025-01-01T00:00:00Z', 'later'],
      ['date=2025-01-01T00:00:00.501Z', ''],
      ['date=2023,2025', 'later'],
    ],
    'REST 37: ne': [
      ['date=ne2024', 'later open-end open-start'],
      ['date=ne2024-02-29', 'later month open-end open-start period year'],
    ],
    'REST 37: gt and lt look at the end and at the start of the resource': [
      ['date=gt2024-02-29', 'later open-end period year'],
      ['date=lt2024-02-29', 'month open-start period year'],
      ['date=gt2024', 'later open-end'],
      ['date=lt2024', 'open-start'],
    ],
    'REST 37: ge and le also find what lies within': [
      ['date=ge2024-02-29', 'east later leap minute open-end period west year'],
      ['date=le2024-02-29', 'east leap minute month open-start period west year'],
      ['date=ge2025', 'later open-end'],
      ['date=le2023', 'open-start'],
    ],
    'REST 37: sa and eb leave out what overlaps': [
      ['date=sa2024-02-29', 'later'],
      ['date=sa2024-02-28', 'east later leap minute open-end west'],
      ['date=eb2024-02-29', 'open-start'],
      ['date=eb2024-03-02', 'east leap minute month open-start period west'],
    ],
    'REST 37: two bounds are joined by AND': [
      ['date=ge2024-02-29&date=lt2024-03-01', 'east leap minute open-end period west year'],
      ['date=sa2024-02-28&date=eb2024-03-01', 'east leap minute west'],
      ['date=ge2024-02-29T10:00:00Z&date=le2024-02-29T10:00:00Z', 'leap minute month period year'],
    ],
    'REST 37: what is no date is refused': [
      ['date=2024-13', '400 invalid-parameter'],
      ['date=2023-02-29', '400 invalid-parameter'],
      ['date=2024-02-30', '400 invalid-parameter'],
      ['date=24-02-28', '400 invalid-parameter'],
      ['date=2024-2-9', '400 invalid-parameter'],
      ['date=xx2024', '400 invalid-parameter'],
      ['date=GE2024', '400 invalid-parameter'],
      ['date=ge', '400 invalid-parameter'],
      ['date=2024-02-29T25:00Z', '400 invalid-parameter'],
      ['date=2024-02-29T10:00:00%2B15:00', '400 invalid-parameter'],
      ['date=2024-02-29T10', '400 invalid-parameter'],
      ['date:exact=2024', '400 unsupported-modifier'],
    ],
    'REST 38: :missing': [
      ['date:missing=true', 'none'],
      ['date:missing=false', 'east later leap minute month open-end open-start period west year'],
    ],
  },
);

describeSearch(
  'search/date relative to now',
  'Observation',
  [
    at('now', new Date().toISOString()),
    at('last-week', new Date(Date.now() - 7 * 86_400_000).toISOString()),
    at('ten-years', new Date(Date.now() - 3650 * 86_400_000).toISOString().slice(0, 10)),
    at('eleven-years', new Date(Date.now() - 3950 * 86_400_000).toISOString().slice(0, 10)),
    at('twenty-years', new Date(Date.now() - 7300 * 86_400_000).toISOString().slice(0, 10)),
    observation('none'),
  ],
  {
    'REST 37: ap allows a tenth of the distance to now': [
      [`date=ap${new Date(Date.now() - 3650 * 86_400_000).toISOString().slice(0, 10)}`, 'eleven-years ten-years'],
      [`date=ap${new Date(Date.now() - 7300 * 86_400_000).toISOString().slice(0, 10)}`, 'twenty-years'],
    ],
    'REST 39: _lastUpdated': [
      [
        `_lastUpdated=gt${new Date(Date.now() - 3_600_000).toISOString()}`,
        'eleven-years last-week none now ten-years twenty-years',
      ],
      [`_lastUpdated=lt${new Date(Date.now() - 3_600_000).toISOString()}`, ''],
      ['_lastUpdated=ge2020', 'eleven-years last-week none now ten-years twenty-years'],
      ['_lastUpdated=2020', ''],
      ['_lastUpdated=ne2020', 'eleven-years last-week none now ten-years twenty-years'],
      ['_lastUpdated:missing=true', ''],
    ],
  },
);

describeSearch(
  'search/date on birth dates and values',
  'Patient',
  [
    patient('year', { birthDate: '1980' }),
    patient('month', { birthDate: '1980-02' }),
    patient('day', { birthDate: '1980-02-29' }),
    patient('ancient', { birthDate: '0099-01-01', deceasedDateTime: '0199' }),
    patient('unknown'),
  ],
  {
    'REST 37: a birth date of any precision': [
      ['birthdate=1980', 'day month year'],
      ['birthdate=1980-02', 'day month'],
      ['birthdate=1980-02-29', 'day'],
      ['birthdate=lt1980-02-29', 'ancient month year'],
      ['birthdate=ge1980-03', 'year'],
      ['birthdate=0099', 'ancient'],
      ['death-date=0199', 'ancient'],
      ['birthdate:missing=true', 'unknown'],
      ['birthdate=ne1980', 'ancient'],
      ['birthdate=le9999', 'ancient day month year'],
    ],
  },
);

describeSearch(
  'search/date on values and timings',
  'Observation',
  [
    observation('value', { valueDateTime: '2024-05' }),
    observation('value-period', { valuePeriod: { start: '2024-05-01' } }),
    observation('timing', { effectiveTiming: { event: ['2024-06-01', '2024-06-03'] } }),
    observation('bounds', {
      effectiveTiming: { repeat: { boundsPeriod: { start: '2024-06-10', end: '2024-06-12' } } },
    }),
    observation('instant', { effectiveInstant: '2024-07-01T00:00:00.123Z' }),
    observation('other', { code: coded('urn:oid:1', 'o'), valueDateTime: '2024-05-05' }),
  ],
  {
    'REST 37: value-date, alone and in a composite': [
      ['value-date=2024-05', 'other value'],
      ['value-date=ge2024-05-02', 'other value value-period'],
      ['code-value-date=o$2024-05', 'other'],
      ['code-value-date=8893-0$gt2024-05-05', 'value value-period'],
      ['value-date=ne2024-05', 'value-period'],
      ['value-date=lt2030', 'other value value-period'],
      ['value-date:missing=true', 'bounds instant timing'],
    ],
    'REST 37: a Timing is found by its outer limits': [
      ['date=2024-06', 'bounds timing'],
      ['date=gt2024-06-11', 'bounds instant'],
      ['date=2024-07-01T00:00:00.123Z', 'instant'],
      ['date:missing=true', 'other value value-period'],
    ],
  },
);
