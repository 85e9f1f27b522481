/** What both tests of bad input share. */

/** Leads a program that is root by name only. */
export const POWERLESS = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']

export const HEAD = 'checkinterval=1\nchecktimeout=1\nnegotiatetimeout=1\nquiescent=yes\n'
export const NEGOTIATE = '\tchecktype=negotiate\n\tscheduler=rr\n'
