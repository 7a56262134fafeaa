// glibc's and the JDK's words for the same failure in another language of the host.
const german: readonly (readonly [string, string])[] = [
  ['Verbindungsaufbau abgelehnt', 'Connection refused'],
  ['Verbindung verweigert', 'Connection refused'],
  ['Die Verbindung wurde vom Kommunikationspartner zurückgesetzt', 'Connection reset by peer'],
  ['Die Wartezeit für die Verbindung ist abgelaufen', 'Connection timed out'],
  ['Datei oder Verzeichnis nicht gefunden', 'No such file or directory'],
  ['Keine Berechtigung', 'Permission denied'],
  ['Datenübergabe unterbrochen (broken pipe)', 'Broken pipe'],
  ['Auf dem Gerät ist kein Speicherplatz mehr verfügbar', 'No space left on device'],
  ['Keine Route zum Zielrechner', 'No route to host'],
  ['Das Netzwerk ist nicht erreichbar', 'Network is unreachable'],
  ['Zu viele offene Dateien', 'Too many open files'],
  ['Die Adresse wird bereits verwendet', 'Address already in use'],
  ['Der Name oder der Dienst ist nicht bekannt', 'Name or service not known'],
  ['Die Operation ist jetzt nicht möglich', 'Operation would block'],
  ['Die Ressource ist zur Zeit nicht verfügbar', 'Resource temporarily unavailable'],
  ['Ist ein Verzeichnis', 'Is a directory'],
  ['Die Datei existiert bereits', 'File exists'],
  ['Eingabe-/Ausgabefehler', 'Input/output error'],
]

const english = new Map(german)
const spoken = new RegExp(german.map(([from]) => from.replace(/[()]/g, '\\$&')).join('|'))

/** Operating system errors in English, so that the language of a host does not split a cause. */
export function translate(text: string): string {
  return text.replace(spoken, (match) => english.get(match) ?? match)
}
