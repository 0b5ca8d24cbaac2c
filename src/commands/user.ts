import { Option, type Command } from 'commander';
import { randomBytes, randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { LEAST_PASSWORD, MOST_PASSWORD } from '../auth/passwords.js';
import { roles, type Role } from '../auth/roles.js';
import {
  createUser,
  disableUser,
  enableUser,
  listUsers,
  normaliseEmail,
  resetSecondFactor,
  setPassword,
  setRoles,
} from '../auth/users.js';
import type { Database } from '../store/database.js';
import { CommandError, run, withJson, withPortico } from './command.js';
import { chooseOrg } from './org.js';
import { recorded } from './recorded.js';

interface CreateOptions {
  readonly org?: string;
  readonly email: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly manageKeys?: boolean;
  readonly fhirUser?: string;
  readonly passwordStdin?: boolean;
}

export function userCommand(program: Command): void {
  const user = program.command('user').description('people: clinicians, admins, patients');
  const create = withJson(user.command('create'))
    .description('make a user')
    .requiredOption('--email <address>', 'what they log in with')
    .requiredOption('--name <name>', 'their name')
    .addOption(new Option('--roles <role...>', 'what they may do').choices([...roles]).makeOptionMandatory())
    .option('--org <id>', 'the organization; not needed when there is only one')
    .option('--manage-keys', "may make and revoke the organization's keys")
    .option('--fhir-user <reference>', 'the Practitioner or Patient that they are: Practitioner/[id]')
    .option('--password-stdin', 'read the password from standard input; without it one is made and shown once')
    .action((options: CreateOptions) => run(create, () => createOne(options)));
  const list = withJson(user.command('list'))
    .description('list users')
    .option('--org <id>', 'the organization')
    .action((options: { org?: string }) =>
      run(list, () =>
        withPortico(async ({ own }) => {
          const users = await listUsers(own, await chooseOrg(own, options.org));
          const lines = users.map(
            (each) =>
              `${each.email}  ${each.name}  ${each.roles.join(', ')}${each.canManageKeys ? '  can manage keys' : ''}${each.hasSecondFactor ? '  second factor' : ''}${each.disabledAt === undefined ? '' : '  disabled'}`,
          );
          return { json: users, lines: lines.length === 0 ? ['There are no users.'] : lines };
        }),
      ),
    );
  for (const each of changes) changeCommand(user, each);
}

interface ChangeOptions {
  readonly org?: string;
  readonly roles?: readonly Role[];
  readonly passwordStdin?: boolean;
}

/** A command that changes one user; false means that there is nobody whom it could change. */
interface Change {
  readonly name: 'disable' | 'enable' | 'set-password' | 'set-roles' | 'reset-mfa';
  readonly description: string;
  readonly options?: readonly Option[];
  readonly done: string;
  readonly change: (
    db: { readonly own: Database; readonly now: () => number },
    who: { tenant: string; email: string },
    options: ChangeOptions,
  ) => Promise<boolean | { password: string }>;
}

const changes: readonly Change[] = [
  {
    name: 'disable',
    description: 'disable a user; their sessions end at once',
    done: 'is disabled',
    change: ({ own, now }, { tenant, email }) => disableUser(own, tenant, email, now()),
  },
  {
    name: 'enable',
    description: 'let a disabled user log in again',
    done: 'is enabled',
    change: ({ own }, { tenant, email }) => enableUser(own, tenant, email),
  },
  {
    name: 'set-password',
    description: 'give a user a new password; their sessions end at once',
    options: [new Option('--password-stdin', 'read it from standard input; without it one is made and shown once')],
    done: 'has a new password',
    change: async ({ own, now }, who, { passwordStdin }) => {
      const password = await readPassword(passwordStdin);
      return (await setPassword(own, { ...who, password }, now())) && (passwordStdin ? true : { password });
    },
  },
  {
    name: 'set-roles',
    description: 'change what a user may do; access tokens with the old roles are dead at once',
    options: [new Option('--roles <role...>', 'what they may do').choices([...roles]).makeOptionMandatory()],
    done: 'has new roles',
    change: ({ own }, { tenant, email }, { roles: has = [] }) => setRoles(own, tenant, email, has),
  },
  {
    name: 'reset-mfa',
    description: 'take the second factor from a user who lost it; their sessions end at once',
    done: 'logs in with the password alone until they set up a second factor',
    change: ({ own, now }, { tenant, email }) => resetSecondFactor(own, tenant, email, now()),
  },
];

function changeCommand(user: Command, { name, description, options = [], done, change }: Change): void {
  const command = withJson(user.command(name))
    .description(description)
    .argument('<email>', 'their e-mail address')
    .option('--org <id>', 'the organization');
  for (const option of options) command.addOption(option);
  command.action((email: string, given: ChangeOptions) =>
    run(command, () =>
      withPortico(async (portico) => {
        const tenant = await chooseOrg(portico.own, given.org);
        const { now } = portico;
        const known = (await listUsers(portico.own, tenant)).find((each) => each.email === normaliseEmail(email));
        const own = recorded(portico, `user-${name}`, { tenant, ...(known && { entity: `user/${known.id}` }) });
        const changed = await change({ own, now }, { tenant, email }, given);
        if (changed === false) throw new CommandError(`There is no such user ${email} in this organization`);
        const shown: { password?: string } = changed === true ? {} : changed;
        const lines = [`${email} ${done}.`];
        if (shown.password !== undefined) lines.push(`The password is shown this once: ${shown.password}`);
        return { json: { email, changed: name, ...shown }, lines };
      }),
    ),
  );
}

async function readPassword(fromStdin: boolean | undefined): Promise<string> {
  const password = fromStdin
    ? (await text(process.stdin)).replace(/\r?\n$/, '')
    : randomBytes(15).toString('base64url');
  if (password.length < LEAST_PASSWORD || password.length > MOST_PASSWORD)
    throw new CommandError(`A password has ${String(LEAST_PASSWORD)} to ${String(MOST_PASSWORD)} characters`, 2);
  return password;
}

async function createOne({ passwordStdin, fhirUser, manageKeys = false, ...options }: CreateOptions) {
  if (!/^[^\s@]+@[^\s@]+$/.test(options.email)) throw new CommandError('--email is not an e-mail address', 2);
  if (fhirUser !== undefined && !/^(Practitioner|Patient)\/[A-Za-z0-9\-.]{1,64}$/.test(fhirUser))
    throw new CommandError('--fhir-user is Practitioner/[id] or Patient/[id]', 2);
  const password = await readPassword(passwordStdin);
  return withPortico(async (portico) => {
    const { own, now } = portico;
    const [tenant, id] = [await chooseOrg(own, options.org), randomUUID()];
    const user = {
      ...options,
      id,
      tenant,
      password,
      canManageKeys: manageKeys,
      ...(fhirUser !== undefined && { fhirUser }),
    };
    const changing = recorded(portico, 'user-create', { tenant, entity: `user/${id}` });
    if ((await createUser(changing, user, now())) === undefined)
      throw new CommandError('There is a user with this e-mail address already');
    const shown = passwordStdin ? {} : { password };
    const lines = [
      `User ${options.email} is made in ${tenant}.`,
      ...(passwordStdin ? [] : [`The password is shown this once: ${password}`]),
    ];
    return { json: { id, tenant, email: options.email, roles: options.roles, ...shown }, lines };
  });
}
