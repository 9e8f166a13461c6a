"""Three short invented reports to try the app with: nothing comes in, names and texts go out."""

from __future__ import annotations

SAMPLES: dict[str, str] = {
    "Seasonal workers": """Fair recruitment for seasonal workers: final report

In spring the project opened a pre-departure centre where seasonal workers learn about contracts, wages \
and the complaint line before they leave for the harvest. Of 1,240 workers who passed through it, 61 per \
cent were women. The labour ministry took over the centre's budget in its second year and now runs it with \
its own staff.

Labour inspectors of both countries agreed on a joint checklist. During 96 visits they found eleven \
workers whose passports had been taken away; all eleven were referred to the shelter for victims of \
trafficking, and four cases of forced labour went to the prosecutor.

A bilateral agreement on seasonal employment was signed in October. Private recruitment agencies are \
licensed under it and may not charge fees to workers. The employers' association and two trade unions sit \
on its monitoring board.

Families used remittances to repair houses and to open small businesses; a diaspora fund matched 37 of \
them.""",
    "Flood response": """Flood response in the northern districts: situation note

Heavy rain displaced 3,800 people within two days. Emergency teams set up four collective shelters, handed \
out blankets and hygiene kits and tracked displacement with weekly rounds of the displacement matrix.

Mobile clinics vaccinated 912 children and treated chronic illness; two psychologists offered counselling. \
Older people living alone, pregnant women and persons with disabilities were visited first, and an \
interpreter went with every team.

The civil protection agency led the coordination, with the Red Cross and seven municipalities. A \
contingency plan for the next season was drawn up with the government and tested in an exercise.""",
    "Border crossing": """Modernising a border crossing point: quarterly progress

Border guards received document examination equipment and 84 officers completed training in integrated \
border management. Passport control now takes 40 seconds on average instead of two minutes.

A referral procedure for asylum seekers was agreed with the ombudsman: nobody is turned back without a \
hearing, and legal aid is present at the crossing three days a week. Unaccompanied children are brought to \
a separate room with a guardian.

The migration service drafted an amendment of the law on foreigners, in line with European standards, \
which went to parliament in June.""",
}
