// What a library exports, as Markdown: docs/api/<package>.md is compared with it, so that a change of the public surface is seen in review
// and gets its line in the change log. Reads the built declarations; run the build first.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from './test-results.ts';

/** One library with a page. */
export interface Library {
  /** Folder under packages/. */
  readonly folder: string;
  readonly name: string;
  /** Entry as people import it, and its declarations. */
  readonly entries: readonly { readonly specifier: string; readonly declarations: string }[];
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly types: string }>>;
}

/** All libraries under packages/, by name. */
export function libraries(): readonly Library[] {
  return readdirSync(path.join(root, 'packages'))
    .toSorted()
    .map((folder) => {
      const base = path.join(root, 'packages', folder);
      const manifest = JSON.parse(readFileSync(path.join(base, 'package.json'), 'utf8')) as Manifest;
      const entries = Object.entries(manifest.exports).map(([entry, { types }]) => ({
        specifier: path.posix.join(manifest.name, entry),
        declarations: path.join(base, types),
      }));
      return { folder, name: manifest.name, entries };
    });
}

/** The page of a library; throws when it has not been built. */
export function apiReport(library: Library): string {
  const files = library.entries.map(({ declarations }) => declarations);
  const missing = files.find((file) => !existsSync(file));
  if (missing) throw new Error(`${path.relative(root, missing)} is not there: run npm run build first`);
  const options = { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ESNext, skipLibCheck: true, noEmit: true };
  const program = ts.createProgram({ rootNames: files, options });
  const sections = library.entries.map(({ specifier, declarations }) =>
    [`## ${specifier}`, '', '```ts', ...exportsOf(program, declarations), '```', ''].join('\n'),
  );
  const head = `# ${library.name}\n\nWhat it exports; generated from the build (\`npm run golden\` rewrites it). Meanings are in the declarations' comments.\n`;
  return [head, ...sections].join('\n');
}

function exportsOf(program: ts.Program, file: string): readonly string[] {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const symbol = source && checker.getSymbolAtLocation(source);
  if (!symbol) return ['// nothing'];
  return checker
    .getExportsOfModule(symbol)
    .map((exported) => (exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((exported) => (exported.declarations ?? []).map(shapeOf));
}

const printer = ts.createPrinter({ removeComments: true, omitTrailingSemicolon: false });

// One line each: what changed is then one line of a diff.
function shapeOf(declaration: ts.Declaration): string {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const table = ts.isVariableDeclaration(declaration) && declaration.type;
  if (table && ts.isTypeLiteralNode(table)) return `const ${declaration.name.getText()}: { ${namesOf(table)} }`;
  const text = printer.printNode(ts.EmitHint.Unspecified, statement, declaration.getSourceFile());
  return text
    .replaceAll(/^\s*(?:export |declare )+/gm, '')
    .replaceAll(/\bprivate [^;]+;|#private;/g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/"[^"]*"(?: \| "[^"]*")+/g, (union) => union.split(' | ').toSorted().join(' | '))
    .trim();
}

// The types of an inferred table are hundreds of words, in an order that depends on what was compiled before.
function namesOf(table: ts.TypeLiteralNode): string {
  return table.members.map((member) => member.name?.getText() ?? '').join('; ');
}
