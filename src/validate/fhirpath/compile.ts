import { resourceNames } from '../definitions.js';
import { parse, type Expression } from './parse.js';
import { functions } from './functions.js';
import { operators } from './operators.js';
import { membersOf, type Collection, type Environment, type Evaluate } from './values.js';

/** An expression as a function of what it is asked about. */
export type Compiled = (value: unknown, environment: Omit<Environment, 'context'>) => Collection;

/**
 * Compiles an expression once, so that asking it of a resource is calling functions. It knows what the invariants of R4
 * use; for what else there is, it returns undefined.
 */
export function compile(text: string): Compiled | undefined {
  try {
    const evaluate = compiled(parse(text));
    return (value, environment) => evaluate([value], { ...environment, context: value }, value);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function compiled(expression: Expression): Evaluate {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression;
      const found = value === undefined ? [] : [value];
      return () => found;
    }
    case 'this':
      return (_, __, self) => [self];
    case 'variable':
      return variable(expression.name);
    case 'member': {
      const { name } = expression;
      // Nearly always there is one.
      return (focus) =>
        focus.length === 1 ? membersOf(focus[0], name) : focus.flatMap((each) => membersOf(each, name));
    }
    case 'path': {
      const choice = choiceOf(expression);
      if (choice) return compiled(choice);
      const [from, to] = [compiled(expression.from), compiled(expression.to)];
      return (focus, environment, self) => to(from(focus, environment, self), environment, self);
    }
    case 'index': {
      const [from, at] = [compiled(expression.from), compiled(expression.at)];
      return (focus, environment, self) => {
        const [index] = at(focus, environment, self);
        return from(focus, environment, self).slice(index as number, (index as number) + 1);
      };
    }
    case 'call': {
      const make = Object.hasOwn(functions, expression.name) ? functions[expression.name] : undefined;
      if (!make) throw new SyntaxError('The function is not known here');
      return make(expression.args.map(compiled), expression.args);
    }
    case 'operator': {
      const operator = Object.hasOwn(operators, expression.name) ? operators[expression.name] : undefined;
      if (!operator) throw new SyntaxError('The operator is not known here');
      return operator(compiled(expression.left), compiled(expression.right));
    }
  }
}

/** `value.ofType(Quantity)` is the member `valueQuantity`: JSON says the type of a choice by its name. */
function choiceOf({ from, to }: Extract<Expression, { kind: 'path' }>): Expression | undefined {
  const type = to.kind === 'call' && to.name === 'ofType' ? to.args[0] : undefined;
  if (type?.kind !== 'member' || resourceNames().has(type.name)) return undefined;
  const named = ({ name }: { readonly name: string }): Expression => ({
    ...{ kind: 'member', name: `${name}${type.name.charAt(0).toUpperCase()}${type.name.slice(1)}` },
  });
  if (from.kind === 'member') return named(from);
  return from.kind === 'path' && from.to.kind === 'member' ? { ...from, to: named(from.to) } : undefined;
}

const UCUM = ['http://unitsofmeasure.org'];

function variable(name: string): Evaluate {
  switch (name) {
    case 'resource':
      return (_, { resource }) => [resource];
    case 'rootResource':
      return (_, { root }) => [root];
    case 'context':
      return (_, { context }) => [context];
    case 'ucum':
      return () => UCUM;
    default:
      throw new SyntaxError('The variable is not known here');
  }
}
