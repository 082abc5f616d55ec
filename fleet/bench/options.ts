/** What the command line says to a bench: `--help` and mistakes as in all commands of this repository. */
import { headOf, misused } from '../../scripts/options';
import { type OptionKinds, type Parsed, parseOptions, UsageError } from '../cli/options';

export function benchOptions<O extends OptionKinds>(url: string, kinds: O): Parsed<O> {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(headOf(url));
    process.exit(0);
  }
  try {
    return parseOptions(args, kinds);
  } catch (error) {
    if (error instanceof UsageError) misused(url, error.message);
    throw error;
  }
}
