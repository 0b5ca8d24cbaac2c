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
      return (focus) => focus.flatMap((each) => membersOf(each, name));
    }
    case 'path': {
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
