// What scripts/screenshot.sh runs.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const home = process.env.KDA_BROWSER;
const [file, out, ...texts] = process.argv.slice(2);
const require = createRequire(join(home, 'node_modules', 'index.js'));
// The package unpacks its browser into the temporary folder, where a later run finds it.
process.env.TMPDIR = join(home, 'unpacked');
mkdirSync(process.env.TMPDIR, { recursive: true });
mkdirSync(out, { recursive: true });
const pack = await import(pathToFileURL(require.resolve('@sparticuz/chromium')));
const { chromium } = require('playwright-core');

const views = [
  { name: 'wide', width: 1280, colorScheme: 'light' },
  { name: 'narrow', width: 420, colorScheme: 'light' },
  { name: 'dark', width: 1280, colorScheme: 'dark' },
];
// On a busy machine Chromium at times has no picture of a tall page, and has one a moment later.
async function picture(page, path, tries = 6) {
  try {
    await page.screenshot({ path, fullPage: true });
  } catch (error) {
    if (tries === 1) throw error;
    await page.waitForTimeout(500);
    await picture(page, path, tries - 1);
  }
}
const faults = [];
const browser = await chromium.launch({
  executablePath: await pack.default.executablePath(),
  // The page is our own file, and inside a container there is no other sandbox to be had.
  args: ['--no-sandbox'],
  headless: true,
});
try {
  for (const { name, width, colorScheme } of views) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const fault = (what) => faults.push(`${name}: ${what}`);
    page.on('console', (message) => message.type() === 'error' && fault(`console: ${message.text()}`));
    page.on('pageerror', (error) => fault(`script: ${error.message}`));
    page.on('requestfailed', (request) => fault(`not loaded: ${request.url()}`));
    page.on('request', (request) => request.url().startsWith('file:') || fault(`fetches ${request.url()}`));
    await page.goto(pathToFileURL(resolve(file)).href);
    const found = await page.evaluate((texts) => {
      const root = document.documentElement;
      const boxless = [...document.querySelectorAll('svg')]
        .filter((svg) => svg.checkVisibility() && !svg.parentElement.closest('svg'))
        .filter((svg) => { const box = svg.getBoundingClientRect(); return box.width < 10 || box.height < 10; });
      return {
        wider: root.scrollWidth - root.clientWidth,
        boxless: boxless.length,
        missing: texts.filter((text) => !document.body.textContent.includes(text)),
        background: getComputedStyle(root).backgroundColor,
      };
    }, texts);
    if (found.wider > 0) fault(`${found.wider} px wider than its window`);
    if (found.boxless > 0) fault(`${found.boxless} SVGs without a box`);
    for (const text of found.missing) fault(`not on the page: ${text}`);
    const light = found.background === 'rgb(255, 255, 255)';
    if (light !== (colorScheme === 'light')) fault(`background is ${found.background}`);
    await picture(page, join(out, `${name}.png`));
    if (name === 'dark') {
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      const paper = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      if (paper !== 'rgb(255, 255, 255)') fault(`printed on ${paper}`);
      // A lying A4 less the page's margins: what is wider is cut off.
      await page.setViewportSize({ width: 1031, height: 1000 });
      const cut = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (cut > 0) fault(`print: ${cut} px wider than the paper`);
      await page.pdf({ path: join(out, 'print.pdf'), preferCSSPageSize: true, printBackground: true });
    }
    await page.close();
  }
} finally {
  await browser.close();
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
