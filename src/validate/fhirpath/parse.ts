/** An expression of FHIRPath as a tree: http://hl7.org/fhirpath/N1/ */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | undefined }
  | { readonly kind: 'this' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'path'; readonly from: Expression; readonly to: Expression }
  | { readonly kind: 'index'; readonly from: Expression; readonly at: Expression }
  | { readonly kind: 'operator'; readonly name: string; readonly left: Expression; readonly right: Expression };

const token =
  /\s*(?:(\d+(?:\.\d+)?)|'((?:[^'\\]|\\.)*)'|`([^`]+)`|([A-Za-z_$][A-Za-z0-9_]*)|%([A-Za-z][\w-]*|`[^`]+`)|(<=|>=|!=|!~|[-+*/&|=~<>.()[\],{}]))/y;

interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'variable' | 'sign';
  readonly text: string;
}

function tokensOf(text: string): Token[] {
  const found: Token[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.trimEnd().length) {
    const match = token.exec(text);
    if (!match) throw new SyntaxError('This is no FHIRPath that is read here');
    const [, number, quoted, escaped, name, variable, sign] = match;
    if (number !== undefined) found.push({ kind: 'number', text: number });
    else if (quoted !== undefined) found.push({ kind: 'text', text: unescaped(quoted) });
    else if (variable !== undefined) found.push({ kind: 'variable', text: variable.replaceAll('`', '') });
    else if (sign !== undefined) found.push({ kind: 'sign', text: sign });
    else found.push({ kind: 'name', text: (escaped ?? name) as string });
  }
  return found;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };
const unescaped = (text: string): string =>
  text.replace(/\\(u[0-9A-Fa-f]{4}|.)/gs, (_, each: string) =>
    each.length === 5 ? String.fromCharCode(parseInt(each.slice(1), 16)) : (escapes[each] ?? each),
  );

/** Operators by how loosely they bind. */
const levels: readonly (readonly string[])[] = [
  ['implies'],
  ['or', 'xor'],
  ['and'],
  ['in', 'contains'],
  ['=', '!=', '~', '!~'],
  ['<', '>', '<=', '>='],
  ['|'],
  ['is', 'as'],
  ['+', '-', '&'],
  ['*', '/', 'div', 'mod'],
];

/** Errors: SyntaxError. */
export function parse(text: string): Expression {
  const tokens = tokensOf(text);
  let at = 0;
  const next = (sign: string): boolean => {
    const found = tokens[at]?.kind !== 'text' && tokens[at]?.text === sign;
    if (found) at++;
    return found;
  };
  const expect = (sign: string): void => {
    if (!next(sign)) throw new SyntaxError(`${sign} is expected`);
  };

  const operators = (level: number): Expression => {
    const names = levels[level];
    if (!names) return invocations();
    let left = operators(level + 1);
    for (;;) {
      const name = names.find((each) => next(each));
      if (name === undefined) return left;
      left = { kind: 'operator', name, left, right: operators(level + 1) };
    }
  };
  const invocations = (): Expression => {
    let from = term();
    for (;;)
      if (next('.')) from = { kind: 'path', from, to: invocation() };
      else if (next('[')) {
        from = { kind: 'index', from, at: operators(0) };
        expect(']');
      } else return from;
  };
  const term = (): Expression => {
    if (next('(')) {
      const inner = operators(0);
      expect(')');
      return inner;
    }
    if (next('{')) {
      expect('}');
      return { kind: 'literal', value: undefined };
    }
    const found = tokens[at];
    if (!found || found.kind === 'sign') throw new SyntaxError('A term is expected');
    if (found.kind === 'name') return invocation();
    at++;
    if (found.kind === 'variable') return { kind: 'variable', name: found.text };
    return { kind: 'literal', value: found.kind === 'number' ? Number(found.text) : found.text };
  };
  const invocation = (): Expression => {
    const found = tokens[at++];
    if (found?.kind !== 'name') throw new SyntaxError('A name is expected');
    const { text: name } = found;
    if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true' };
    if (name === '$this') return { kind: 'this' };
    if (!next('(')) return { kind: 'member', name };
    const args: Expression[] = [];
    if (next(')')) return { kind: 'call', name, args };
    do args.push(operators(0));
    while (next(','));
    expect(')');
    return { kind: 'call', name, args };
  };

  const whole = operators(0);
  if (at < tokens.length) throw new SyntaxError('The expression goes on after its end');
  return whole;
}
