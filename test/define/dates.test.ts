import assert from 'node:assert/strict';
import { instantText, interval, OPEN_END, OPEN_START, periodInterval } from '../../src/define/dates.js';

const at = (text: string): number => new Date(text).getTime();

describe('define/dates', () => {
  const intervals: [text: string, start: string, end: string][] = [
    ['2024', '2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z'],
    ['2024-12', '2024-12-01T00:00:00Z', '2025-01-01T00:00:00Z'],
    ['2024-02', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['2000-02-29', '2000-02-29T00:00:00Z', '2000-03-01T00:00:00Z'],
    ['2024-03-10T08:30', '2024-03-10T08:30:00Z', '2024-03-10T08:31:00Z'],
    ['2024-03-10T08:30Z', '2024-03-10T08:30:00Z', '2024-03-10T08:31:00Z'],
    ['2024-03-10T08:30:15Z', '2024-03-10T08:30:15Z', '2024-03-10T08:30:16Z'],
    ['2024-03-10T08:30:15', '2024-03-10T08:30:15Z', '2024-03-10T08:30:16Z'],
    // An offset moves over the ends of days and years.
    ['2024-12-31T22:00:00-05:00', '2025-01-01T03:00:00Z', '2025-01-01T03:00:01Z'],
    ['2024-01-01T00:30:00+14:00', '2023-12-31T10:30:00Z', '2023-12-31T10:30:01Z'],
    ['2024-06-01T12:00:00+05:45', '2024-06-01T06:15:00Z', '2024-06-01T06:15:01Z'],
    ['2024-06-01T12:00:00-00:00', '2024-06-01T12:00:00Z', '2024-06-01T12:00:01Z'],
    // Fractions: what is not written is open, and what is finer than a millisecond is that millisecond.
    ['2024-06-01T12:00:00.5Z', '2024-06-01T12:00:00.500Z', '2024-06-01T12:00:00.600Z'],
    ['2024-06-01T12:00:00.12Z', '2024-06-01T12:00:00.120Z', '2024-06-01T12:00:00.130Z'],
    ['2024-06-01T12:00:00.123Z', '2024-06-01T12:00:00.123Z', '2024-06-01T12:00:00.124Z'],
    ['2024-06-01T12:00:00.1234567890123Z', '2024-06-01T12:00:00.123Z', '2024-06-01T12:00:00.124Z'],
    ['2024-06-01T12:00:00.999999Z', '2024-06-01T12:00:00.999Z', '2024-06-01T12:00:01.000Z'],
    // A leap second is the last second of its minute.
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59Z', '2017-01-01T00:00:00Z'],
    // Before 1970, and before the year 100, which Date.UTC takes for 1900 and later.
    ['1969-12-31T23:59:59.250Z', '1969-12-31T23:59:59.250Z', '1969-12-31T23:59:59.251Z'],
    ['0050', '0050-01-01T00:00:00Z', '0051-01-01T00:00:00Z'],
    ['9999', '9999-01-01T00:00:00Z', '+010000-01-01T00:00:00Z'],
  ];
  for (const [text, start, end] of intervals)
    it(`${text} is from ${start} until ${end}`, () =>
      assert.deepEqual(interval(text), { start: at(start), end: at(end) }));

  const none = [
    ['', '24', '202', '20244', 'today', '2024-', '2024-1', '2024-1-1', '2024/01/01', ' 2024', '2024 ', '2024\n'],
    ['2024-00', '2024-13', '2024-01-00', '2024-01-32', '2024-02-30', '2023-02-29', '1900-02-29', '2024-04-31'],
    ['2024-01-01T', '2024-01-01T10', '2024-01-01T24:00:00Z', '2024-01-01T10:60:00Z', '2024-01-01T10:00:61Z'],
    ['2024-01-01T10:00:00.Z', '2024-01-01 10:00:00Z', '2024-01-01t10:00:00z', '2024Z', '2024-01-01Z'],
    ['2024-01-01T10:00:00+15:00', '2024-01-01T10:00:00+14:30', '2024-01-01T10:00:00+05:60', '2024-01-01T10:00:00+0500'],
    ['-2024', '+2024', '２０２４'],
  ].flat();
  for (const text of none) it(`${JSON.stringify(text)} is no date`, () => assert.equal(interval(text), undefined));

  it('reads a period from the start of the one to the end of the other', () => {
    assert.deepEqual(periodInterval('2024-01', '2024-02'), { start: at('2024-01-01'), end: at('2024-03-01') });
    assert.deepEqual(periodInterval('2024', undefined), { start: at('2024-01-01'), end: OPEN_END });
    assert.deepEqual(periodInterval(undefined, '2024'), { start: OPEN_START, end: at('2025-01-01') });
    assert.equal(periodInterval(undefined, undefined), undefined);
    assert.equal(periodInterval('2024-02-30', '2024'), undefined);
    assert.equal(periodInterval('2024', 'never'), undefined);
  });

  it('writes a moment as an instant', () => assert.equal(instantText(0), '1970-01-01T00:00:00.000Z'));

  it('THREAT 74: takes no longer than its text is long', () => {
    const took = (digits: number): number => {
      const text = `2024-01-01T10:00:00.${'1'.repeat(digits)}x`;
      const started = performance.now();
      for (let round = 0; round < 5; round++) assert.equal(interval(text), undefined);
      return performance.now() - started;
    };
    took(1000);
    // Five times 100 kB; what looks back at every digit takes minutes.
    assert.ok(took(100_000) < 250);
  });
});
