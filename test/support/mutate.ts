import fc from 'fast-check';

/** One change of a resource: what is done, and where among the places where it can be done. */
export interface Change {
  readonly kind: (typeof kinds)[number];
  readonly at: number;
  readonly pick: number;
}

const kinds = [
  'drop',
  'duplicate',
  'rotate',
  'extension',
  'primitive extension',
  'coding',
  'contained',
  'decimal',
  'date',
  'text',
] as const;

export const changes = fc.array(fc.record({ kind: fc.constantFrom(...kinds), at: fc.nat(1000), pick: fc.nat(1000) }), {
  minLength: 1,
  maxLength: 4,
});

/** A changed copy of a resource, as JSON text: decimals stand in it as JavaScript would not write them. */
export function mutate(resource: object, list: readonly Change[]): string {
  const copy = structuredClone(resource);
  for (const change of list) apply(copy, change);
  return JSON.stringify(copy).replace(/"@(-?[\d.eE+-]+)@"/g, '$1');
}

const decimals = ['@1.0@', '@37.50@', '@3.80e1@', '@-0.0@', '@0.10000000000000000555@', '@120@', '@1E-2@'];
const dates = [
  '2024',
  '2024-02',
  '2024-02-29',
  '2024-02-29T08:30:00+01:00',
  '2024-02-29T08:30:00.120Z',
  '2024-02-29T23:59:59-05:00',
];
const texts = ['a, b|c$d', 'Ärzte \\ "ward"', 'x'.repeat(300)];

const isObject = (value: unknown): value is Record<string, any> => typeof value === 'object' && value !== null;

interface Place {
  readonly holder: any;
  readonly member: string | number;
  readonly value: any;
}

/** Every value in a resource but its type and id, and where it stands. */
function places(value: any, top = true): Place[] {
  if (!isObject(value)) return [];
  const members = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return members
    .filter((member) => member !== 'resourceType' && !(top && member === 'id'))
    .flatMap((member) => [
      { holder: value, member, value: value[member as never] },
      ...places(value[member as never], false),
    ]);
}

function apply(resource: any, { kind, at, pick }: Change): void {
  const among = (fits: (place: Place) => boolean): Place | undefined => {
    const all = places(resource).filter(fits);
    return all[at % all.length];
  };
  const isText = ({ value, member }: Place): boolean =>
    typeof value === 'string' && typeof member === 'string' && !['id', 'url', 'div', 'data'].includes(member);
  const isDate = ({ value }: Place): boolean => typeof value === 'string' && /^\d{4}(-\d\d){0,2}(T.*)?$/.test(value);
  const extension = { url: 'urn:oid:1.2.3', valueString: `kept ${String(pick)}` };
  switch (kind) {
    case 'drop': {
      const place = among(() => true);
      if (!place) return;
      if (Array.isArray(place.holder)) place.holder.splice(place.member as number, 1);
      else Reflect.deleteProperty(place.holder, place.member);
      return;
    }
    case 'duplicate': {
      const place = among(({ value }) => Array.isArray(value) && value.length > 0);
      const list = place?.value as unknown[] | undefined;
      list?.splice(pick % (list.length + 1), 0, structuredClone(list[at % list.length]));
      return;
    }
    case 'rotate': {
      const list = among(({ value }) => Array.isArray(value) && value.length > 1)?.value as unknown[] | undefined;
      list?.push(list.shift());
      return;
    }
    case 'extension': {
      const place = among(({ value, member }) => isObject(value) && !Array.isArray(value) && member !== 'meta');
      if (place) place.value.extension = [...(place.value.extension ?? []), extension];
      else resource.extension = [extension];
      return;
    }
    case 'primitive extension': {
      const place = among(isText);
      if (place) place.holder[`_${String(place.member)}`] = { extension: [extension] };
      return;
    }
    case 'coding':
      among(({ member, value }) => member === 'coding' && Array.isArray(value))?.value.splice(pick % 2, 0, {
        system: 'urn:oid:1.2.3.4',
        code: `second-${String(pick % 5)}`,
        display: 'A second coding',
      });
      return;
    case 'contained': {
      const id = `c${String(pick)}`;
      resource.contained = [...(resource.contained ?? []), { resourceType: 'Organization', id, name: 'Contained' }];
      resource.extension = [
        ...(resource.extension ?? []),
        { url: 'urn:oid:1.2.3.5', valueReference: { reference: `#${id}` } },
      ];
      return;
    }
    case 'decimal': {
      const place = among(({ value }) => typeof value === 'number');
      if (place) place.holder[place.member] = decimals[pick % decimals.length];
      return;
    }
    case 'date': {
      const place = among(isDate);
      if (place) place.holder[place.member] = dates[pick % dates.length];
      return;
    }
    case 'text': {
      const place = among(
        (each) => isText(each) && ['text', 'display', 'family', 'value'].includes(String(each.member)),
      );
      if (place) place.holder[place.member] = texts[pick % texts.length];
    }
  }
}
