// `clusterctl generate` alone, from the sources.
import { Command } from 'commander';
import { generateCommand } from '../command.ts';
import { filesOnDisk } from '../files-on-disk.ts';

const command = generateCommand({
  ...filesOnDisk,
  env: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  setExitCode: (code) => {
    process.exitCode = code;
  },
});
await new Command('clusterctl').addCommand(command).parseAsync();
