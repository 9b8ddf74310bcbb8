// The invite mail on the terminal, made of the templates of a host's app.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { openProject } from './folder.js'

describe('the command line, preview', () => {
  it('shows subject and text as the app would mail them, and sends nothing', async () => {
    const { host, run } = await openProject(
      "appName: 'Acme Clinic', mailer: { sendMail() { throw new Error('sent') } }",
    )
    const { code, stdout, stderr } = await run('preview')
    expect(code).to.equal(0)
    expect(stdout)
      .to.match(/^from {5}Acme <hello@acme\.dev>\nto {7}ada@example\.com\nsubject {2}Grace Hopper .*Acme Clinic/)
      .and.include('\n\nhttps://acme.dev/invites/app/default/join/')
      .and.include('"We would love to have you with us.\nGrace"')
    expect(stderr).to.equal('The values are samples: the code and the link let nobody in.\n')
    const bare = await run('preview --bare')
    expect(bare.stdout).to.include('You are invited to Acme Clinic.').and.not.include('Grace')
    expect((await host.invites.list()).items).to.have.length(0)
  })

  it("uses the app's own templates, in the language asked for", async () => {
    const { cwd, run } = await openProject("templates: './mails'")
    const folder = join(cwd, 'mails/email/de')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'invite.subject.hbs'), 'Einladung')
    writeFileSync(join(folder, 'invite.text.hbs'), 'Hallo\n\u001b[31m{{email}}, {{role}}\n')
    writeFileSync(join(folder, 'invite.html.hbs'), '<p lang="{{language}}">{{email}}</p>\n')
    const german = await run('preview --locale de-CH --to mail.html')
    expect(german.stdout).to.match(/subject {2}Einladung\n\nHallo\n \[31mada@example\.com, member\n$/)
    expect(german.stderr).to.include('The HTML is in mail.html.')
    expect(readFileSync(join(cwd, 'mail.html'), 'utf8')).to.equal('<p lang="de">ada@example.com</p>\n')
    expect((await run('preview --locale de --html')).stdout).to.equal('<p lang="de">ada@example.com</p>\n')
    const { stdout, stderr } = await run('preview --locale de --json')
    expect(stderr).to.equal('')
    expect(JSON.parse(stdout))
      .to.include({ to: 'ada@example.com', subject: 'Einladung' })
      .and.have.all.keys('from', 'to', 'subject', 'text', 'html')

    const french = await run('preview --locale fr')
    expect(french.stdout).to.include('subject  Grace Hopper invites you')
    expect(french.stderr).to.include('There are no templates in fr, but in de: such an invitee gets these.')
  })

  it('says what is wrong with a template, and where it cannot write', async () => {
    const { cwd, run } = await openProject("templates: './mails'")
    mkdirSync(join(cwd, 'mails/email'), { recursive: true })
    const file = join(cwd, 'mails/email/invite.text.hbs')
    writeFileSync(file, 'Hello {{invitee}}')
    const broken = await run('preview')
    expect(broken).to.include({ code: 2, stdout: '' })
    expect(broken.stderr).to.include('invite.text.hbs').and.include('invitee')
    writeFileSync(file, 'Hello {{email}}')
    const unwritable = await run('preview --to no/such/mail.html')
    expect(unwritable).to.include({ code: 2, stdout: '' })
    expect(unwritable.stderr).to.include('--to: ENOENT')
  })
})
