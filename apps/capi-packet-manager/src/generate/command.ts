// The command `clusterctl generate`, for the command tree of clusterctl.
import { Command } from 'commander';
import { DEFAULT_IMAGE } from './component-names.ts';
import { generateFiles } from './generate.ts';
import type { GenerateIo } from './generate.ts';
import { GENERATE_VARIABLES } from './settings.ts';

/** What the command needs: also a place for problems, and for the exit code. */
export interface GenerateCommandIo extends GenerateIo {
  readonly complain: (line: string) => void;
  readonly setExitCode: (code: number) => void;
}

/** `generate`, ready to be added to the program. */
export function generateCommand(io: GenerateCommandIo): Command {
  const variables = GENERATE_VARIABLES.map(([name, help]) => `  ${name.padEnd(18)} ${help}`).join('\n');
  return new Command('generate')
    .summary('write the four files that create cluster and kubectl apply take')
    .description('Writes cluster.yaml, machines.yaml, provider-components.yaml and addons.yaml.')
    .option('-o, --output <folder>', 'where to', 'out/packet')
    .option('-f, --force-overwrite', 'overwrite files that are there already', false)
    .option('--image <name>', 'image of the managers', DEFAULT_IMAGE)
    .option('--machine-configs <file>', 'what machines run, by image and versions (default: the shipped file)')
    .addHelpText('after', `\nEnvironment variables:\n${variables}`)
    .action(async (options: CommandOptions) => {
      const { output, forceOverwrite: force, image, machineConfigs } = options;
      const { problems = [] } = await generateFiles({ output, force, image, machineConfigs }, io);
      for (const problem of problems) io.complain(problem);
      if (problems.length > 0) io.setExitCode(1);
    });
}

interface CommandOptions {
  readonly output: string;
  readonly forceOverwrite: boolean;
  readonly image: string;
  readonly machineConfigs?: string;
}
