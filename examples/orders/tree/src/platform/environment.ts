import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Variables = Record<string, z.ZodType>;
export type ValuesOf<T extends Variables> = { [Name in keyof T]: z.infer<T[Name]> };
export type Problem = { name: string; message: string };

/** EX_CONFIG of sysexits: supervisors are told not to restart the service after it. */
export const EXIT_CONFIGURATION = 78;

export class ConfigurationError extends Error {
  override name = 'ConfigurationError';

  constructor(problems: readonly Problem[], variables: Variables) {
    const lines = problems.map(({ name, message }) => {
      const example = notesOf(variables[name])?.example;
      return `- ${name} ${message}${example === undefined ? '' : ` (example: ${name}=${example})`}`;
    });
    super(`invalid configuration:\n${lines.join('\n')}`);
  }
}

/** What wraps a variable, such as optional(), does not show what was noted on it. */
function notesOf(variable: z.ZodType | undefined): Record<string, unknown> | undefined {
  const isWrapper = variable instanceof z.ZodOptional || variable instanceof z.ZodDefault;
  return isWrapper ? notesOf(variable.unwrap() as z.ZodType) : variable?.meta();
}

/** Drops empty values and replaces each X_FILE of a secret X by X, the content of that file. */
export function readSecrets(source: Environment, variables: Variables): [Environment, Problem[]] {
  const env = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''));
  const problems: Problem[] = [];
  for (const [name, variable] of Object.entries(variables)) {
    const path = env[`${name}_FILE`];
    if (path === undefined || !notesOf(variable)?.secret) continue;
    if (env[name] !== undefined) problems.push({ name, message: `and ${name}_FILE are both set: keep one` });
    else {
      try {
        env[name] = readFileSync(path, 'utf8').trim();
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        problems.push({
          name: `${name}_FILE`,
          message: `must name a file that can be read (${code}), such as /run/secrets/${name.toLowerCase()}`,
        });
      }
    }
  }
  return [env, problems];
}

/** Reads each variable for itself, so that one message can tell all problems. */
export function readValues<T extends Variables>(source: Environment, variables: T) {
  const [env, problems] = readSecrets(source, variables);
  const entries = Object.entries(variables).map(([name, variable]) => {
    const { data, error } = variable.safeParse(env[name]);
    if (error) problems.push({ name, message: error.issues[0]?.message ?? 'is not valid' });
    return [name, data];
  });
  return { env, problems, values: Object.fromEntries(entries) as ValuesOf<T> };
}

export const text = (example: string) => z.string('is required').meta({ example });

/** Never printed, and may be given as a file. */
export const secret = (example: string) => z.string('is required').meta({ example, secret: true });

export const whole = (minimum: number, maximum: number, standard: number) =>
  z
    .string()
    .default(String(standard))
    .refine(
      (value) => /^\d{1,10}$/.test(value) && Number(value) >= minimum && Number(value) <= maximum,
      `must be a whole number from ${minimum} to ${maximum}`,
    )
    .transform(Number)
    .meta({ example: String(standard) });

export const choice = <const T extends readonly string[]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`).meta({ example: values[0] });

export const list = (example: string, valid: (entry: string) => boolean, message: string) =>
  z
    .string()
    .default('')
    .transform((value) => value.split(',').flatMap((entry) => entry.trim() || []))
    .refine((entries) => entries.every(valid), message)
    .meta({ example });

/** An address or a network in CIDR notation. */
export function isNetwork(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}
