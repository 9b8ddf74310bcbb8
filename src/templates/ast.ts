// Reading the nodes of a parsed template, whose types Handlebars leaves wide.

export function nameOf(path: hbs.AST.Expression): string | undefined {
  return isA<hbs.AST.PathExpression>(path, 'PathExpression') ? path.original : literal(path)
}

export function literal(expression: hbs.AST.Expression | undefined): string | undefined {
  return expression !== undefined && 'value' in expression ? String(expression.value) : undefined
}

export function isA<Node extends hbs.AST.Node>(node: hbs.AST.Node, type: string): node is Node {
  return node.type === type
}
