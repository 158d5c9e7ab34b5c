#!/usr/bin/env node
/*
 * Is standard input strictly valid TAP 14? A parser that was written
 * elsewhere decides: npm's tap-parser in its strict mode, in which any line
 * that is no TAP, and any diagnostics that are no YAML, are errors.
 *
 *	vmgauge conform | node ci/tap_strict.mjs
 *	node ci/tap_strict.mjs --selftest	malformed streams are rejected
 *
 * Failing test points are valid TAP. Exit status: 0 valid, 1 not, 2 no parser.
 * The parser comes from either of
 *	apt-get install node-tap-parser
 *	npm install --prefix build/tap --no-save tap-parser@17.0.0
 * and is looked for in $TAP_PARSER_DIR (a node_modules), in build/tap, and
 * where Debian puts it.
 */
import { existsSync, readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const places = [
	process.env.TAP_PARSER_DIR,
	fileURLToPath(new URL('../build/tap/node_modules', import.meta.url)),
	'/usr/share/nodejs',
];

function load_parser()
{
	const dir = places.find((d) => d && existsSync(`${d}/tap-parser`));

	if (!dir) {
		console.error('tap_strict: no tap-parser: apt-get install ' +
			'node-tap-parser, or npm install --prefix build/tap ' +
			'--no-save tap-parser@17.0.0');
		process.exit(2);
	}
	// Debian's packages lie side by side, which only Debian's node knows
	process.env.NODE_PATH = dir;
	Module._initPaths();
	const require = createRequire(import.meta.url);
	const loaded = require(`${dir}/tap-parser`);
	const { version } = JSON.parse(
		readFileSync(`${dir}/tap-parser/package.json`, 'utf8'));

	return { Parser: loaded.Parser ?? loaded, version };
}

const { Parser, version } = load_parser();

/* All that is wrong with a stream, as lines of text; and its points. */
function examine(text)
{
	const parser = new Parser({ strict: true });
	const problems = [];
	let points = 0, results = null;

	if (!text.startsWith('TAP version 14\n'))
		problems.push('the first line is not "TAP version 14"');
	if (text.includes('\r') || !text.endsWith('\n'))
		problems.push('lines do not end in a newline alone');
	parser.on('extra', (data) =>
		problems.push(`no TAP: ${JSON.stringify(data)}`));
	parser.on('assert', (point) => {
		points++;
		if (point.id !== points)
			problems.push(`point ${points} has the number ${point.id}`);
		if (point.tapError)
			problems.push(`point ${points}: ${point.tapError}`);
	});
	parser.on('complete', (r) => { results = r; });
	parser.end(text);
	for (const failure of results.failures)
		if (failure.tapError)
			problems.push(`${failure.tapError} ` +
				JSON.stringify(failure.data ?? failure.name ?? ''));
	// the parser excuses these two: after a failed point, and without any
	if (!results.bailout && results.plan.end !== points)
		problems.push(`${points} points, ${results.plan.end} planned`);
	if (!points && !results.bailout && !/^1\.\.0/m.test(text))
		problems.push('no plan');
	return { problems: [...new Set(problems)], points };
}

const head = 'TAP version 14\n';
const good = {
	'plan first': head + '1..1\nok 1 - a\n',
	'plan last': head + 'ok 1 - a\n1..1\n',
	'a failed point': head + '1..1\nnot ok 1 - a\n',
	'diagnostics': head + '1..1\nok 1 - a\n  ---\n  a: "b"\n  ...\n',
	'comment': head + '1..1\n# hello\nok 1 - a\n',
	'all skipped': head + '1..0 # SKIP none\n',
	'bail out': head + '1..2\nok 1 - a\nBail out! gone\n',
};
const bad = {
	'nothing': '',
	'version only': head,
	'no version': '1..1\nok 1 - a\n',
	'version 13': 'TAP version 13\n1..1\nok 1 - a\n',
	'version twice': head + '1..1\nok 1 - a\n' + head,
	'no plan': head + 'ok 1 - a\n',
	'two plans': head + '1..1\nok 1 - a\n1..1\n',
	'plan in the middle': head + 'ok 1 - a\n1..2\nok 2 - b\n',
	'too few points': head + '1..2\nok 1 - a\n',
	'too few points, one failed': head + '1..2\nnot ok 1 - a\n',
	'too many points': head + '1..1\nok 1 - a\nok 2 - b\n',
	'wrong number': head + '1..2\nok 1 - a\nok 1 - b\n',
	'wrong order': head + '1..2\nok 2 - a\nok 1 - b\n',
	'chatter': head + '1..1\nhello\nok 1 - a\n',
	'chatter at the end': head + '1..1\nok 1 - a\nSegmentation fault\n',
	'colour': head + '1..1\n\x1b[32mok\x1b[0m 1 - a\n',
	'OK': head + '1..1\nOK 1 - a\n',
	'open diagnostics': head + '1..1\nok 1 - a\n  ---\n  a: 1\n',
	'diagnostics cut off': head + '1..2\nok 1 - a\n  ---\n  a: 1\nok 2 - b\n',
	'diagnostics that are no YAML':
		head + '1..1\nok 1 - a\n  ---\n  a: "b\n  ...\n',
	'diagnostics with a key twice':
		head + '1..1\nok 1 - a\n  ---\n  a: 1\n  a: 2\n  ...\n',
	'diagnostics without a point': head + '1..1\n  ---\n  a: 1\n  ...\nok 1 - a\n',
	'carriage return': head + '1..1\r\nok 1 - a\r\n',
	'last line torn': head + '1..1\nok 1 - a',
};

function selftest()
{
	let n = 0, failed = 0;
	const point = (ok, name) => {
		failed += !ok;
		console.log(`${ok ? 'ok' : 'not ok'} ${++n} - ${name}`);
	};

	console.log(`1..${Object.keys(good).length + Object.keys(bad).length}`);
	for (const [name, text] of Object.entries(good))
		point(!examine(text).problems.length, `accepts: ${name}`);
	for (const [name, text] of Object.entries(bad))
		point(examine(text).problems.length, `rejects: ${name}`);
	return failed ? 1 : 0;
}

function judge(text)
{
	const { problems, points } = examine(text);

	for (const problem of problems)
		console.error(`tap_strict: ${problem}`);
	if (!problems.length)
		console.log(`${points} points, strictly TAP 14 by tap-parser ` +
			version);
	return problems.length ? 1 : 0;
}

process.exitCode = process.argv[2] === '--selftest' ?
	selftest() : judge(readFileSync(0, 'utf8'));
