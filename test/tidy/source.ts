/** What the layer rules look at in one source file: its imports, the globals it uses, calls such as `.only`. */
import ts from 'typescript'

export interface Found {
  readonly name: string
  readonly line: number
}

export interface Import extends Found {
  /** Erased by the compiler: `import type`, `typeof import(...)`. */
  readonly typesOnly: boolean
}

export interface Source {
  readonly path: string
  readonly imports: readonly Import[]
  /** Identifiers used as values, and `Math.random`. */
  readonly uses: readonly Found[]
  /** `test.only(` and the like, as written. (`here ? test : test.skip` is no call: it says when it skips.) */
  readonly calls: readonly Found[]
}

/** The specifier of an import, export, dynamic import or require; null for any other node. */
function specifierOf(node: ts.Node): ts.StringLiteral | null {
  const literal = (candidate: ts.Node | undefined): ts.StringLiteral | null =>
    candidate !== undefined && ts.isStringLiteral(candidate) ? candidate : null
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier)
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literal(node.argument.literal)
  if (!ts.isCallExpression(node)) return null
  const callee = node.expression
  const isRequire = /^(require|createRequire\([^()]*\))$/.test(callee.getText())
  const loads = callee.kind === ts.SyntaxKind.ImportKeyword || isRequire
  return loads ? literal(node.arguments[0]) : null
}

function isTypesOnly(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node)) return true
  if (ts.isExportDeclaration(node)) return node.isTypeOnly
  return ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
}

/** Whether an identifier names a value here, and not a property, a key, a declaration or a type. */
function isValueUse(node: ts.Identifier): boolean {
  const { parent } = node
  // `new Date(ms)` prints a time that was handed in; only `new Date()` asks for the clock.
  if (ts.isNewExpression(parent) && parent.arguments?.length) return parent.expression !== node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent) || ts.isTypeQueryNode(parent)) return false
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent) || ts.isBindingElement(parent))
    return false
  const declared = parent as ts.Node & { readonly name?: ts.Node }
  return declared.name !== node
}

export function readSource(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true)
  const imports: Import[] = []
  const uses: Found[] = []
  const calls: Found[] = []
  const lineOf = (node: ts.Node): number => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node)
    if (specifier !== null)
      imports.push({ name: specifier.text, line: lineOf(specifier), typesOnly: isTypesOnly(node) })
    if (ts.isPropertyAccessExpression(node)) {
      const name = node.getText(file).replace(/\s+/g, '')
      // Inside an `if` a skip depends on the machine, and says so in the report.
      const isLeft = !name.endsWith('.skip') || ts.findAncestor(node, ts.isIfStatement) === undefined
      const isCalled = ts.isCallExpression(node.parent) && node.parent.expression === node
      if (isCalled && isLeft) calls.push({ name, line: lineOf(node) })
      if (name === 'Math.random') uses.push({ name, line: lineOf(node) })
    }
    if (ts.isIdentifier(node) && isValueUse(node)) uses.push({ name: node.text, line: lineOf(node) })
    ts.forEachChild(node, visit)
  }
  visit(file)
  return { path, imports, uses, calls }
}
