import { Option, type Command } from 'commander';
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { LEAST_PASSWORD, MOST_PASSWORD } from '../auth/passwords.js';
import { roles, type Role } from '../auth/roles.js';
import { createUser, disableUser, listUsers } from '../auth/users.js';
import { CommandError, run, withJson, withPortico } from './command.js';
import { chooseOrg } from './org.js';

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
              `${each.email}  ${each.name}  ${each.roles.join(', ')}${each.canManageKeys ? '  can manage keys' : ''}${each.disabledAt === undefined ? '' : '  disabled'}`,
          );
          return { json: users, lines: lines.length === 0 ? ['There are no users.'] : lines };
        }),
      ),
    );
  const disable = withJson(user.command('disable'))
    .description('disable a user')
    .argument('<email>', 'their e-mail address')
    .option('--org <id>', 'the organization')
    .action((email: string, options: { org?: string }) =>
      run(disable, () =>
        withPortico(async ({ own, now }) => {
          if (!(await disableUser(own, await chooseOrg(own, options.org), email, now())))
            throw new CommandError(`There is no active user ${email} in this organization`);
          return { json: { email, disabled: true }, lines: [`${email} is disabled.`] };
        }),
      ),
    );
}

async function createOne({ passwordStdin, fhirUser, manageKeys = false, ...options }: CreateOptions) {
  if (!/^[^\s@]+@[^\s@]+$/.test(options.email)) throw new CommandError('--email is not an e-mail address', 2);
  if (fhirUser !== undefined && !/^(Practitioner|Patient)\/[A-Za-z0-9\-.]{1,64}$/.test(fhirUser))
    throw new CommandError('--fhir-user is Practitioner/[id] or Patient/[id]', 2);
  const password = passwordStdin
    ? (await text(process.stdin)).replace(/\r?\n$/, '')
    : randomBytes(15).toString('base64url');
  if (password.length < LEAST_PASSWORD || password.length > MOST_PASSWORD)
    throw new CommandError(`A password has ${String(LEAST_PASSWORD)} to ${String(MOST_PASSWORD)} characters`, 2);
  return withPortico(async ({ own, now }) => {
    const tenant = await chooseOrg(own, options.org);
    const user = {
      ...options,
      tenant,
      password,
      canManageKeys: manageKeys,
      ...(fhirUser !== undefined && { fhirUser }),
    };
    const id = await createUser(own, user, now());
    if (id === undefined) throw new CommandError('There is a user with this e-mail address already');
    const shown = passwordStdin ? {} : { password };
    const lines = [
      `User ${options.email} is made in ${tenant}.`,
      ...(passwordStdin ? [] : [`The password is shown this once: ${password}`]),
    ];
    return { json: { id, tenant, email: options.email, roles: options.roles, ...shown }, lines };
  });
}
