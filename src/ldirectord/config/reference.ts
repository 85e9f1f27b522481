/** The reference page of ldirectord.cf (docs/ldirectord.cf.md), printed from the tables that the parser reads. */
import { referencePage } from '../../syntax/directive.js'
import { SERVICE_OF_PORT, SERVICES } from './directives-check.js'
import { globalDirectives } from './directives-global.js'
import { virtualDirectives } from './directives-virtual.js'

const GRAMMAR = `# ldirectord.cf

<!-- Printed from the tables in src/ldirectord/config; a test compares. UPDATE_DOCS=yes writes it anew. -->

What the file may hold, with the decisions, defaults and messages of ldirectord 4.12 (Perl). A file that it refuses is
refused here too, with the same line number and text, because a peer may still run it; ha-lint and the daemon add column,
caret and what to write. All problems of a file are shown, not only the first.

## Lines

- The file is read line by line. Nothing continues a line, nothing is included, there are no variables.
- Blank lines and lines whose first character after blanks is \`#\` are skipped.
- A **global directive** stands in column 1: \`name = value\`. A comment behind the value belongs to the value: numbers and
  quoted values do not mind, yes/no values and fallback= are refused.
- \`virtual=\` or \`virtual6=\` in column 1 opens a **section**. Its lines begin with a tab or at least 4 blanks; there a
  comment behind a value is cut, also inside quotes. The first other line ends the section, **an empty one too**; a line
  that is only a comment does not.
- A virtual service on the last line of the file is refused ("duplicate virtual server").
- Names are case-sensitive. Host names are resolved once, when the file is read; of several addresses the first is used.
- Quoted values reach from the first to the last double quote of the line.

## virtual= and virtual6=

| value | meaning |
| --- | --- |
| \`virtual=HOST:PORT\` | IPv4 address or name, and a port number or a name of /etc/services |
| \`virtual6=[IPV6]:PORT\`, \`virtual6=HOST:PORT\` | the same for IPv6 |
| \`virtual=MARK\`, \`virtual6=MARK\` | firewall mark. An address without a port is read so too: \`virtual=10.0.0.1\` is mark 10 |

## real= and real6=

\`HOST[->HOST2][:PORT] METHOD [WEIGHT] ["REQUEST","RECEIVE"] [l:LOWER] [u:UPPER]\`, in this order.

- HOST->HOST2 is a range of IPv4 servers, both ends included. No port: 0, for firewall marks.
- METHOD is gate (direct routing), masq (NAT) or ipip (tunnel). gate and ipip cannot change the port: connections go to the
  port of the virtual service, and only the check uses the one that is written.
- WEIGHT is 1 unless given. The pair replaces request and receive of the section; a request that holds
  \`http://host:port/path\` is the complete address of the check.
- Each piece is searched behind the one before it, so a piece in the wrong place swallows others. ldirectord 4.12 forgets
  RECEIVE, l: and u: when REQUEST begins with \`/\`; here they count.
`

const NOTES = `## Inheritance

A value of a section overrides the global one. checktimeout: own checktimeout, own negotiatetimeout, global checktimeout,
global negotiatetimeout, 5. negotiatetimeout: own negotiatetimeout, own checktimeout, global negotiatetimeout, global
checktimeout, 30. service=ftp fills in login and passwd that are still empty at its line (anonymous, ldirectord@HOST),
service=sip the login; a service chosen by the port does not.
`

export function ldirectordReference(): string {
  const ports = Object.entries(SERVICE_OF_PORT).map(([port, service]) => `${port} ${service}`)
  return [
    GRAMMAR,
    '## Global directives\n',
    referencePage(globalDirectives),
    '## Directives of a section\n',
    referencePage(virtualDirectives),
    `Services: ${SERVICES.join(', ')}. Without service= by the port: ${ports.join(', ')}; else none.\n`,
    NOTES,
  ].join('\n')
}
