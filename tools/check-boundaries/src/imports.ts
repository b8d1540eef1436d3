// Reads the import statements of one source file. Uses TypeScript's parser, so comments and strings never count.
import ts from 'typescript';

/** One import of a module. */
export interface ImportStatement {
  readonly specifier: string;
  readonly line: number;
  /** Erased by the compiler: costs nothing at run time. */
  readonly isTypeOnly: boolean;
  readonly isDynamic: boolean;
}

/** All static imports, re-exports and dynamic imports with a literal argument, in order. */
export function importsOf(fileName: string, text: string): readonly ImportStatement[] {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  const found: ImportStatement[] = [];
  const add = (specifier: ts.Expression, isTypeOnly: boolean, isDynamic: boolean): void => {
    if (!ts.isStringLiteral(specifier)) return;
    const line = source.getLineAndCharacterOfPosition(specifier.getStart()).line + 1;
    found.push({ specifier: specifier.text, line, isTypeOnly, isDynamic });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isErased(node), false);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, node.isTypeOnly, false);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0]) {
      add(node.arguments[0], false, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isErased(declaration: ts.ImportDeclaration): boolean {
  return declaration.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}
