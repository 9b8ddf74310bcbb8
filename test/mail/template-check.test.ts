// What is wrong with a host's template is told at start: with file, line and the nearest right name.
import { expect } from 'chai'
import type { TemplateOptions } from '../../src/index.js'
import { openHost, refusedOptions } from '../support/host.js'
import { mailOf, templateFolder } from '../support/mailing.js'

const HTML = 'email/invite.html.hbs'

type Files = Readonly<Record<string, string>>

/** What the start says of these files. */
async function refused(files: Files, options: TemplateOptions = {}): Promise<string> {
  const folder = templateFolder(files)
  const why = await refusedOptions({ mailer: { sendMail: async () => undefined }, templates: { folder, ...options } })
  return why.replaceAll(`${folder}/`, '')
}

describe('a template is refused at start, with the answer,', () => {
  const cases: readonly [string, Files, string][] = [
    [
      'for a misspelt variable',
      { [HTML]: 'Dear\n{{#if message}}\n  {{inviterNmae}}{{/if}}' },
      `The template ${HTML}, line 3: there is no variable \`inviterNmae\`. Did you mean \`inviterName\`?`,
    ],
    ['for one that a condition asks for', { [HTML]: '{{#if mesage}}{{/if}}' }, 'Did you mean `message`?'],
    ['for one in a subject', { 'email/invite.subject.hbs': '{{app}}' }, 'email/invite.subject.hbs, line 1'],
    ['for one that is nothing like any', { [HTML]: '{{wholly}}' }, 'There are `appName`, `logoUrl`'],
    ['for one behind another', { [HTML]: '{{appName.title}}' }, '`appName` has no `title`'],
    ['for one of the root', { [HTML]: '{{#each metadata}}{{@root.rôle}}{{/each}}' }, 'Did you mean `role`?'],
    ['for one outside a block', { [HTML]: '{{#with metadata}}{{../rol}}{{/with}}' }, 'Did you mean `role`?'],
    ['for one that a helper is given', { [HTML]: '{{lookup metdata "a"}}' }, 'Did you mean `metadata`?'],
    ['for one in an inner call', { [HTML]: '{{#if (lookup metdata "a")}}{{/if}}' }, 'Did you mean `metadata`?'],
    ['for one of birth', { [HTML]: '{{constructor.name}}{{toString}}' }, 'there is no variable `constructor`'],
    [
      'for a misspelt helper',
      { [HTML]: '{{#eahc metadata}}{{/eahc}}' },
      'there is no helper `eahc`. Did you mean `each`?',
    ],
    ['for a misspelt partial', { [HTML]: '{{> buton}}' }, 'there is no partial `buton`. Did you mean `button`?'],
    ['for a computed partial', { [HTML]: '{{> (lookup . "role")}}' }, 'a partial is named, not computed'],
    [
      'for a variable in a partial',
      { [HTML]: '\n{{> card}}', 'email/partials/card.html.hbs': '\n\n{{appNam}}' },
      'The template email/partials/card.html.hbs, line 3: there is no variable `appNam`. Did you mean `appName`?',
    ],
    [
      'for a partial that does not compile, used or not',
      { 'email/partials/card.html.hbs': '{{#if' },
      'The template email/partials/card.html.hbs does not compile',
    ],
    [
      'for a partial that includes itself',
      { [HTML]: '{{> card}}', 'email/partials/card.html.hbs': '{{> card}}' },
      'the partial `card` includes itself',
    ],
    [
      'for a way up out of a partial',
      { [HTML]: '{{#with metadata}}{{> card}}{{/with}}', 'email/partials/card.html.hbs': '{{../role}}' },
      'email/partials/card.html.hbs, line 1: there is nothing above, where `../role` would be',
    ],
    ['for a way up too far', { [HTML]: '{{../role}}' }, 'there is nothing above'],
    ['for a condition without a value', { [HTML]: '{{#if}}x{{/if}}' }, '`if` takes one value'],
    ['for too few values', { [HTML]: '{{lookup metadata}}' }, '`lookup` takes 2 values'],
    ['for another decorator with a block', { [HTML]: '{{#*mark "x"}}{{/mark}}' }, 'no decorators here but `inline`'],
    ['for a computed inline partial', { [HTML]: '{{#*inline role}}{{/inline}}' }, 'named in quotes, not computed'],
    ['for a number as a name', { [HTML]: '{{1}}' }, 'there is no variable `1`'],
    ['for the block of a partial that has none', { [HTML]: '{{> layout}}' }, 'this partial is used without a block'],
    ['for a decorator', { [HTML]: '{{* mark}}' }, 'there are no decorators here but `inline`'],
    [
      'for a text partial in HTML',
      { [HTML]: '{{> sign}}', 'email/partials/sign.text.hbs': '{{appName}}' },
      'there is no partial `sign`',
    ],
    ['for a variable of the dashboard', { 'dashboard/error.html.hbs': '{{titel}}' }, 'Did you mean `title`?'],
    [
      'for one in a row of the dashboard',
      { 'dashboard/invites.html.hbs': '{{#each invites}}{{delivery.sate}}{{/each}}' },
      '`delivery` has no `sate`. Did you mean `state`?',
    ],
    [
      'for a block parameter of the dashboard',
      { 'dashboard/invites.html.hbs': '{{#each invites as |row|}}{{row.emial}}{{/each}}' },
      '`row` has no `emial`. Did you mean `email`?',
    ],
  ]
  for (const [what, files, why] of cases) {
    it(what, async () => expect(await refused(files)).to.include(why))
  }

  const unused: Readonly<Record<string, string>> = {
    'email/invite.txt.hbs': 'Did you mean `email/invite.text.hbs`?',
    'email/de/invites.subject.hbs': 'Did you mean `email/invite.subject.hbs`?',
    'email/invite.subject.de.hbs': 'Did you mean `email/invite.subject.hbs`?',
    'email/partials/layout.hbs': '`email/invite.',
    'mails/hello.hbs': 'There are `',
    'invite.text.hbs': '`email/invite.text.hbs`',
  }
  for (const [name, answer] of Object.entries(unused)) {
    it(`for its name, where nothing would use ${name}`, async () => {
      expect(await refused({ [name]: 'x' }))
        .to.include(`The template ${name} is used by nothing.`)
        .and.include(answer)
    })
  }

  it('without a mailer too, as in development', async () => {
    const templates = templateFolder({ [HTML]: '{{inviterNmae}}' })
    expect(await refusedOptions({ templates })).to.include('Did you mean `inviterName`?')
  })

  it('for helpers that are none, and unknown options', async () => {
    const helpers = { shout: 'loud' } as unknown as TemplateOptions['helpers']
    expect(await refused({}, { helpers })).to.include('`templates.helpers` must be an object of functions')
    expect(await refusedOptions({ templates: { foldr: 'x' } as TemplateOptions })).to.include('Did you mean `folder`?')
    const allowRaw = 'yes' as unknown as boolean
    expect(await refused({}, { allowRaw })).to.include('`templates.allowRaw` must be true or false')
  })

  it('R-32 for raw output and links of any value, unless allowed', async () => {
    const raw = { [HTML]: '<p>{{{message}}}</p>' }
    expect(await refused(raw)).to.include('line 1: values are never written raw into HTML')
    const folder = templateFolder(raw)
    const { html } = await mailOf({ templates: { folder, allowRaw: true } }, { message: '<i>hi</i>' })
    expect(html).to.equal('<p><i>hi</i></p>')

    for (const link of [
      '<a href="{{message}}">',
      "<img src='{{message}}'>",
      '<a\nhref={{message}}>',
      '<a HREF = "{{role}}">',
    ])
      expect(await refused({ [HTML]: link }), link).to.include('is a text that anybody may have written, and no link')
    const within = '<a href="{{#if role}}{{message}}{{else}}{{joinUrl}}{{/if}}">'
    expect(await refused({ [HTML]: within })).to.include('`message` is a text')
    const through = { [HTML]: '{{> button href=message label="x"}}' }
    expect(await refused(through)).to.include('button.html.hbs, line 4: `href` is a text')
  })

  describe('R-32 for a text that a browser would follow, by whatever way it comes there:', () => {
    const ways: readonly (readonly [string, Files[string], Files?])[] = [
      ['behind a slash', '<a/href="{{message}}">'],
      ['behind a character reference', '<a href="&#9;{{message}}">'],
      ['behind a half of it', '<a href="java{{message}}">'],
      ['behind much white space', `<a href="${' '.repeat(300)}{{message}}">`],
      ['where the attribute is one of two', '<a {{#if role}}href="{{else}}title="{{/if}}{{message}}">'],
      ['where the attribute may not be there', '<a {{#if role}}href="{{/if}}{{message}}">'],
      ['where what stands before may not be there', '<a href="{{#if role}}{{else}}/{{/if}}{{message}}">'],
      ['behind a link that may be empty', '<a href="{{logoUrl}}{{message}}">'],
      ['in the second round of a loop', '{{#each metadata.tags}}{{message}}<a href="{{/each}}'],
      ['as a context', '{{#with message}}<a href="{{this}}">{{/with}}'],
      ['as a block parameter', '{{#with message as |it|}}<a href="{{it}}">{{/with}}'],
      ['as a section', '{{#message}}<a href="{{this}}">{{/message}}'],
      ['looked up', '<a href="{{lookup this "message"}}">'],
      ['among all values', '{{#each this}}<a href="{{this}}">{{/each}}'],
      ['from the metadata', '<a href="{{metadata.url}}">'],
      ['by a name in quotes', '<a href="{{"message"}}">'],
      ['in the block of a helper', '{{#twice}}<a href="{{message}}">{{/twice}}'],
      ['through a partial', '<a {{> open}}{{message}}">', { 'email/partials/open.html.hbs': 'href="' }],
      ['by a meta element', '<meta http-equiv="refresh" content="0; url={{message}}">'],
      ['in what Outlook alone reads', '<!--[if mso]><v:rect href="{{message}}"><![endif]-->'],
    ]
    for (const [what, html, others] of ways) {
      it(what, async () => {
        const helpers: TemplateOptions['helpers'] = { twice: () => '' }
        expect(await refused({ [HTML]: html, ...others }, { helpers })).to.include('and no link: it may be javascript:')
      })
    }
  })

  it('R-32 for a text that would be run, or read as something else than text', async () => {
    for (const html of [
      '<a onclick="go(\'{{role}}\')">',
      '<script>{{role}}</script>',
      '<iframe srcdoc="{{role}}">',
      '<a href="javascript:{{role}}">',
    ])
      expect(await refused({ [HTML]: html }), html).to.include('`role` would be run as a script')
    for (const html of ['<p style="color:{{role}}">', '<style>p { color: {{role}} }</style>'])
      expect(await refused({ [HTML]: html }), html).to.include('`role` would be read as a style')
    expect(await refused({ [HTML]: '<p title={{role}}>' })).to.include('without quotes')
    for (const html of ['<p {{role}}>', '<p {{role}}="">', '<{{role}}>'])
      expect(await refused({ [HTML]: html }), html).to.include('`role` stands within a tag')
  })

  it('R-32 for raw output that a partial would make on a condition, or of a partial put in its place', async () => {
    for (const condition of ['this.message', './message', 'message']) {
      const card = `{{#if ${condition}}}{{{message}}}{{/if}}`
      const why = await refused({ [HTML]: '{{> card}}', 'email/partials/card.html.hbs': card })
      expect(why, condition).to.include('never written raw')
    }
    const files = {
      [HTML]: '{{#> box}}{{#*inline "head"}}{{{message}}}{{/inline}}{{/box}}',
      'email/partials/box.html.hbs': '{{> head}}',
      'email/partials/head.html.hbs': 'Hello',
    }
    expect(await refused(files)).to.include('never written raw')
  })
})

describe('a template may use', () => {
  const uses: readonly [string, Files, string][] = [
    ['what conditions and lists give', { [HTML]: '{{#each metadata.tags}}{{@index}}{{this}} {{/each}}' }, '0a 1b '],
    ['a section', { [HTML]: '{{#metadata}}{{tags.[1]}}{{/metadata}}{{#if orgId}}{{^}} none{{/if}}' }, 'b none'],
    ['block parameters', { [HTML]: '{{#each metadata.tags as |tag at|}}{{at}}{{tag}}{{/each}}' }, '0a1b'],
    ['a way up', { [HTML]: '{{#with metadata}}{{../role}} {{@root.appName}}{{/with}}' }, 'nurse Acme'],
    ['a condition on the other hand', { [HTML]: '{{#unless orgId}}no{{else}}yes{{/unless}}' }, 'no'],
    ['the length of a text', { [HTML]: '{{appName.length}}' }, '4'],
    ['its own URLs as links', { [HTML]: '<a href="{{signupUrl}}">' }, '<a href="https://acme.dev/signup">'],
    ['a value behind a link of its own', { [HTML]: '<a href="/x?y={{role}}">' }, '<a href="/x?y=nurse">'],
    ['inline partials', { [HTML]: '{{#*inline "hi"}}Hi {{role}}{{/inline}}{{> hi}}' }, 'Hi nurse'],
    [
      'partials with values, and those left out',
      { [HTML]: '{{> tag name=role}}{{> tag}}', 'email/partials/tag.html.hbs': '[{{#if name}}{{name}}{{/if}}]' },
      '[nurse][]',
    ],
    [
      'partials that are defined in the block of another, or left out there',
      {
        [HTML]: '{{#> page}}{{#*inline "body"}}Dear {{role}}{{/inline}}{{/page}}',
        'email/partials/page.html.hbs': '{{#> head}}no head {{/head}}{{> body}}',
      },
      'no head Dear nurse',
    ],
    [
      'what a partial was not given, on the other hand',
      { [HTML]: '{{> tag}}', 'email/partials/tag.html.hbs': '{{#unless name}}nobody{{/unless}}' },
      'nobody',
    ],
    ['what looks like a link and is none', { [HTML]: '<p>the data = {{role}}' }, '<p>the data = nurse'],
    ['a link to an address', { [HTML]: '<a href="mailto:{{email}}">' }, '<a href="mailto:ada@example.com">'],
    ['its colours', { [HTML]: '<style>p { color: {{color}}; }</style>' }, '<style>p { color: #4338ca; }</style>'],
    [
      'many conditions in one attribute',
      { [HTML]: `<p class="${'{{#if role}}a{{else}}b{{/if}}'.repeat(40)}">` },
      `<p class="${'a'.repeat(40)}">`,
    ],
    [
      'links in styles and in the markup that mail programs read',
      { [HTML]: '<td style="background:url({{logoUrl}})"><script type="application/ld+json">"{{signupUrl}}"</script>' },
      '<td style="background:url()"><script type="application/ld+json">"https://acme.dev/signup"</script>',
    ],
    ['a comment', { [HTML]: '<!-- {{role}} --><p>{{role}}' }, '<!-- nurse --><p>nurse'],
    [
      'a button for Outlook',
      { [HTML]: '<!--[if !mso]><!--><a href="{{signupUrl}}" title="{{role}}"></a><!--<![endif]-->' },
      '<!--[if !mso]><!--><a href="https://acme.dev/signup" title="nurse"></a><!--<![endif]-->',
    ],
    [
      'partials inside the block of the same partial',
      { [HTML]: '{{#> box}}{{#> box}}x{{/box}}{{/box}}', 'email/partials/box.html.hbs': '({{> @partial-block}})' },
      '((x))',
    ],
  ]
  for (const [what, files, made] of uses) {
    it(what, async () => {
      const { html } = await mailOf(
        { templates: templateFolder(files) },
        { role: 'nurse', metadata: { tags: ['a', 'b'] } },
      )
      expect(html).to.equal(made)
    })
  }

  it("what a helper of the host's makes of a value, as a link, and links in its block", async () => {
    const files = { [HTML]: '<a href="{{safe metadata.url}}">{{#twice}}<a href="{{joinUrl}}">{{unknown}}{{/twice}}' }
    const helpers: TemplateOptions['helpers'] = {
      safe: (url: string) => (url.startsWith('https:') ? url : ''),
      twice: () => '',
    }
    const { html } = await mailOf(
      { templates: { folder: templateFolder(files), helpers } },
      { metadata: { url: 'javascript:' } },
    )
    expect(html).to.equal('<a href="">')
  })

  it("helpers of the host's, escaped like any value", async () => {
    const files = {
      [HTML]: '{{shout role}} {{#twice}}{{role}}{{/twice}} {{year}}',
      'email/invite.text.hbs': '{{shout role}}',
    }
    const helpers: TemplateOptions['helpers'] = {
      shout: (text: string) => `<${text.toUpperCase()}>`,
      twice(options) {
        return options.fn(this) + options.fn(this)
      },
      year: () => 2026,
    }
    const { html, text } = await mailOf({ templates: { folder: templateFolder(files), helpers } }, { role: 'nurse' })
    expect(html).to.equal('&lt;NURSE&gt; nursenurse 2026')
    expect(text).to.equal('<NURSE>')
  })

  it('another set of them in each app, file by file: the app, the install, ours', async () => {
    const shared = templateFolder({ 'email/invite.subject.hbs': 'shared {{mark}}', 'email/invite.text.hbs': 'shared' })
    const own = templateFolder({ 'email/invite.text.hbs': 'own {{mark}}' })
    const mail = await mailOf({
      templates: { folder: shared, helpers: { mark: () => 'one' } },
      apps: { default: { templates: { folder: own, helpers: { mark: () => 'two' } } } },
    })
    expect([mail.subject, mail.text]).to.deep.equal(['shared two', 'own two'])
    expect(mail.html).to.include('class="card"')
  })

  it('nothing that is not there: ours are checked like any', async () => {
    const host = await openHost({ invites: { mailer: { sendMail: async () => undefined } } })
    expect(host.invites).to.have.property('send')
  })
})
