import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'

export const kafkaVersion = '4.3.1'
const loggingVersion = '2.25.3'
const dependencyPlugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'

/**
 * The folder with the broker's jars, fetched once with Maven (44 MB).
 * It lies in `$REDRIVE_CACHE`, or in `~/.cache/redrive`. Two fetches at once do not disturb each other.
 */
export async function kafkaJars(onProgress: (line: string) => void = () => {}): Promise<string> {
  const cache = process.env['REDRIVE_CACHE'] ?? path.join(homedir(), '.cache', 'redrive')
  const jars = path.join(cache, `kafka-${kafkaVersion}`)
  if (await filled(jars)) return jars
  onProgress(`fetching Kafka ${kafkaVersion} with Maven, about 44 MB, once`)
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(path.join(cache, 'kafka-fetch-'))
  try {
    await writeFile(path.join(work, 'pom.xml'), pom)
    await maven(['-B', '-ntp', '-q', dependencyPlugin, '-DincludeScope=runtime', '-DoutputDirectory=lib'], work)
    await rename(path.join(work, 'lib'), jars).catch(async (error: unknown) => {
      // Somebody else was first: theirs is the same.
      if (!(await filled(jars))) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return jars
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>redrive</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>${loggingVersion}</version>
    </dependency>
  </dependencies>
</project>
`

async function filled(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => [])
  return names.some((name) => name.startsWith('kafka_2.13'))
}

function maven(args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('mvn', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', () => reject(new Error(missing('mvn', "to fetch the broker's jars", 'Maven 3.8 or newer'))))
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`mvn ended with ${String(code)}:\n${output}`)),
    )
  })
}

/** What is missing, why it is needed, and the cure. */
export function missing(program: string, why: string, cure: string): string {
  return `${program} was not found. It is needed ${why}. Install ${cure} and put it on the PATH.`
}
