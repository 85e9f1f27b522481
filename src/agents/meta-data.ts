/** The description of an agent as OCF resource agents print it (Resource Agent API 1.0), from its parameter list. */

export interface AgentParameter {
  readonly name: string
  readonly isRequired: boolean
  readonly meaning: string
  readonly default?: string
}

const TIMES: readonly (readonly [action: string, timeout: string])[] = [
  ['start', '60s'],
  ['stop', '60s'],
  ['status', '20s'],
  ['monitor', '20s'],
  ['validate-all', '20s'],
  ['meta-data', '5s'],
]

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

function parameterXml({ name, isRequired, meaning, default: value }: AgentParameter): string {
  const content = value === undefined ? '' : ` default="${escapeXml(value)}"`
  return `<parameter name="${escapeXml(name)}" required="${isRequired ? 1 : 0}">
<longdesc lang="en">${escapeXml(meaning)}</longdesc>
<shortdesc lang="en">${escapeXml(meaning)}</shortdesc>
<content type="string"${content}/>
</parameter>
`
}

export function metaData(name: string, summary: string, parameters: readonly AgentParameter[]): string {
  const actions = TIMES.map(([action, timeout]) => `<action name="${action}" timeout="${timeout}"/>\n`)
  return `<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="${escapeXml(name)}" version="1.0">
<version>1.0</version>
<longdesc lang="en">${escapeXml(summary)}</longdesc>
<shortdesc lang="en">${escapeXml(summary)}</shortdesc>
<parameters>
${parameters.map(parameterXml).join('')}</parameters>
<actions>
${actions.join('')}</actions>
</resource-agent>
`
}
