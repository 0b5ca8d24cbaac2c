import type { CompositeParam, KeptParam, LeafParam } from '../define/params.js';

const overflowColumns = {
  token: { code: 'code', system: 'system', text: ['text'], type: { system: 'system_2', code: 'code_2' } },
  second: { code: 'code_2', system: 'system_2' },
} as const;

export const overflowQuantity = {
  value: 'number',
  comparator: 'comparator',
  unit: 'unit',
  system: 'unit_system',
  code: 'unit_code',
  canonical: { value: 'canonical', unit: 'canonical_unit' },
} as const;

/** The parameter as the overflow index answers it. */
export function asOverflow(param: LeafParam | CompositeParam | KeptParam): LeafParam | CompositeParam {
  if (param.kind === 'composite') {
    const [first, second] = param.parts;
    return { kind: 'composite', parts: [overflowLeaf(first, false), overflowLeaf(second, true)] };
  }
  return overflowLeaf(param.kind === 'kept' ? { kind: param.as } : param, false);
}

function overflowLeaf(
  param: { readonly kind: LeafParam['kind']; readonly to?: readonly string[] },
  second: boolean,
): LeafParam {
  switch (param.kind) {
    case 'token':
      return { kind: 'token', columns: second ? overflowColumns.second : overflowColumns.token };
    case 'string':
      return { kind: 'string', columns: [{ exact: 'exact', folded: 'text' }] };
    case 'date':
      return { kind: 'date', columns: { start: 'start_at', end: 'end_at' }, stored: 'ms' };
    case 'reference':
      return { kind: 'reference', columns: { literal: 'reference' }, ...(param.to && { to: param.to }) };
    case 'quantity':
      return { kind: 'quantity', columns: overflowQuantity };
    case 'uri':
      return { kind: 'uri', columns: { uri: 'uri' } };
  }
}
