"""asked: a table of wordings -> what is asked of the collection, and wordings that ask something else.

The questions are written by hand over the shipped pages; each row was read by a person.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rag.asked import MOST_WORDS, read_question
from rag.marking import Shelf, know_shelf
from rag.pages import read_page
from rag.renewal import seed_paths
from rag.types import Inquiry, Scope

CRAWL_YEAR = 2026
SHELF: Shelf = know_shelf([paper for path in seed_paths() for paper in read_page(path)[1]], CRAWL_YEAR)

# Read to the last word; notes on how a name was taken are left out here.
INQUIRIES = {
    "Is there a paper from 2019 on the shelf?": Inquiry("list", Scope(years=(2019,))),
    "how many papers in 2024 vs 2023": Inquiry("compare", sides=(Scope(years=(2024,)), Scope(years=(2023,)))),
    "Did Lu Yin publish more in 2023 or 2024?": Inquiry(
        "compare",
        Scope(authors=("Lu Yin",)),
        sides=(Scope(authors=("Lu Yin",), years=(2023,)), Scope(authors=("Lu Yin",), years=(2024,))),
    ),
    "how many papers per month": Inquiry("months"),
    "which month of 2025 had the most papers?": Inquiry("months", Scope(years=(2025,)), most=1),
    "average number of papers per year": Inquiry("average"),
    "what is the average number of papers per year by Lu Yin": Inquiry("average", Scope(authors=("Lu Yin",))),
    "give me a breakdown of papers per year": Inquiry("years"),
    "give me papers/year": Inquiry("years"),
    "which year was Lujun Li most productive": Inquiry("years", Scope(authors=("Lujun Li",)), most=1),
    "in which years did Lujun Li publish?": Inquiry("years", Scope(authors=("Lujun Li",))),
    "which categories are there and how many papers in each": Inquiry("categories"),
    "affiliations of Xuan Shen": Inquiry("affiliations", Scope(authors=("Xuan Shen",))),
    "who are the five people Zechun Liu writes with most": Inquiry("coauthors", subject="Zechun Liu", most=5),
    "name everyone who worked with Lujun Li": Inquiry("coauthors", subject="Lujun Li"),
    "list the people Yuzhang Shang has co-authored with": Inquiry("coauthors", subject="Yuzhang Shang"),
    "Who besides Shiwei Liu wrote with Lu Yin most often?": Inquiry(
        "coauthors", subject="Lu Yin", besides=("Shiwei Liu",), most=1
    ),
    "whose papers are these?": Inquiry("owners"),
    "How many pages are on the shelf, and whose?": Inquiry("owners"),
    "papers with no category by Yuzhang Shang": Inquiry(
        "list", Scope(authors=("Yuzhang Shang",), categorised=False)
    ),
    'titles with "LLM" from 2024': Inquiry("list", Scope(years=(2024,), titled=("LLM",))),
    "compare the h-index of Lujun Li and Zechun Liu": Inquiry(
        "profile", sides=(Scope(owners=("Lujun Li",)), Scope(owners=("Zechun Liu",))), fields=("h_index",)
    ),
    "SELECT count(*) FROM papers WHERE author='Lu Yin'": Inquiry("count", Scope(authors=("Lu Yin",))),
    "select * from papers order by date desc limit 3": Inquiry("latest", most=3),
    "how many papers in the years 2022 to 2024": Inquiry(
        "count", Scope(since=date(2022, 1, 1), until=date(2024, 12, 31))
    ),
    "how many papers by Lu Yin et al.": Inquiry("count", Scope(authors=("Lu Yin",))),
    "how many papers did Lu Yin, Shiwei Liu and Meng Fang write together": Inquiry(
        "count", Scope(together=("Lu Yin", "Shiwei Liu", "Meng Fang"))
    ),
    "how many papers with a date but no code": Inquiry("count", Scope(has_code=False, dated=True)),
    "how many papers on Lujun Li's page are from 2025?": Inquiry(
        "count", Scope(years=(2025,), owners=("Lujun Li",))
    ),
    "Which papers have Zimian Wei as first author?": Inquiry("list", Scope(first_authors=("Zimian Wei",))),
    "how often has Lu Yin been cited acording to the page": Inquiry(
        "profile", sides=(Scope(owners=("Lu Yin",)),), fields=("citations",)
    ),
    "Which papers from 2021 are on Lu Yin's page?": Inquiry("list", Scope(years=(2021,), owners=("Lu Yin",))),
    "how many of the papers on Zechun Liu's page are from 2026?": Inquiry(
        "count", Scope(years=(2026,), owners=("Zechun Liu",))
    ),
    "which 2022 papers of zechun liu come with code": Inquiry(
        "list", Scope(authors=("Zechun Liu",), years=(2022,), has_code=True)
    ),
    "how many papers on xuan shen's page are from 2024": Inquiry(
        "count", Scope(years=(2024,), owners=("Xuan Shen",))
    ),
    "oldest paper of Xuan Shen's page, title and year": Inquiry(
        "earliest", Scope(owners=("Xuan Shen",)), most=1
    ),
    "how many papers are on Yuzhang Shang's page?": Inquiry("count", Scope(owners=("Yuzhang Shang",))),
    "papers with Zhihang Yuan as 1st author?": Inquiry("list", Scope(first_authors=("Zhihang Yuan",))),
    "number of papers in category LG over all pages": Inquiry("count", Scope(categories=("LG",))),
    "Zhenyu Zhang turns up on the pages of two different people. Whose pages are they?": Inquiry(
        "pages", Scope(printed=("Zhenyu Zhang",))
    ),
    "How many papers carry no date, and on whose page do they sit?": Inquiry("count", Scope(dated=False)),
    "hm, different thing: which page owner has the highest number of citations?": Inquiry(
        "profile", fields=("citations",), most=1
    ),
    "papers by yin in 2024": Inquiry("list", Scope(authors=("Lu Yin",), years=(2024,))),
    "lujun lis papers": Inquiry("list", Scope(authors=("Lujun Li",))),
    "who has more papers in 2024, Lu Yin or Zechun Liu?": Inquiry(
        "compare",
        Scope(years=(2024,)),
        sides=(Scope(authors=("Lu Yin",), years=(2024,)), Scope(authors=("Zechun Liu",), years=(2024,))),
    ),
    "Does Lu Yin have more papers than Zechun Liu?": Inquiry(
        "compare", sides=(Scope(authors=("Lu Yin",)), Scope(authors=("Zechun Liu",)))
    ),
    "what share of Lu Yin's papers have code?": Inquiry(
        "share", Scope(authors=("Lu Yin",)), part=Scope(has_code=True)
    ),
    "who published most?": Inquiry("authors", most=1),
    "Who are the co-authors of Shiwei Liu?": Inquiry("coauthors", subject="Shiwei Liu"),
    "most frequent co-author of Lu Yin besides Shiwei Liu": Inquiry(
        "coauthors", subject="Lu Yin", besides=("Shiwei Liu",), most=1
    ),
    "how often did Lu Yin and Shiwei Liu publish together?": Inquiry(
        "count", Scope(together=("Lu Yin", "Shiwei Liu"))
    ),
    "timeline of Lujun Li's papers": Inquiry("years", Scope(authors=("Lujun Li",))),
    "papers per year": Inquiry("years"),
    "which year has the most papers?": Inquiry("years", most=1),
    "What is the h-index of Lu Yin?": Inquiry(
        "profile", sides=(Scope(owners=("Lu Yin",)),), fields=("h_index",)
    ),
    "who has the highest h-index?": Inquiry("profile", fields=("h_index",), most=1),
    "newest paper with code by Zechun Liu": Inquiry(
        "latest", Scope(authors=("Zechun Liu",), has_code=True), most=1
    ),
    "three oldest papers": Inquiry("earliest", most=3),
    "papers since 2023 without code": Inquiry("list", Scope(has_code=False, since=date(2023, 1, 1))),
    "papers by Zechun Liu and Lu Yin": Inquiry(
        "list", Scope(together=("Zechun Liu", "Lu Yin")), sides=(Scope(authors=("Zechun Liu", "Lu Yin")),)
    ),
    "papers by Zechun Liu or Lu Yin in 2023": Inquiry(
        "list", Scope(authors=("Zechun Liu", "Lu Yin"), years=(2023,))
    ),
    "How many papers are not from 2024?": Inquiry("count", Scope(not_years=(2024,))),
    "How many papers do not have code?": Inquiry("count", Scope(has_code=False)),
    "how many papers from harvard?": Inquiry("count", Scope(affiliations=("harvard",))),
    "How many papers were written by both Shiwei Liu and Lu Yin?": Inquiry(
        "count", Scope(together=("Shiwei Liu", "Lu Yin"))
    ),
    "How many papers did Shiwei Liu write without Lu Yin?": Inquiry(
        "count", Scope(authors=("Shiwei Liu",), not_authors=("Lu Yin",))
    ),
    "how many authors are there": Inquiry("authors"),
    "whose pages are on the shelf": Inquiry("owners"),
    "papers by Lu Yin": Inquiry("list", Scope(authors=("Lu Yin",))),
    "Papers of zechun liu?": Inquiry("list", Scope(authors=("Zechun Liu",))),
    "what did Peijie Dong write?": Inquiry("list", Scope(authors=("Peijie Dong",))),
    "what has Geng Yuan published in 2024": Inquiry("list", Scope(authors=("Geng Yuan",), years=(2024,))),
    "show me all papers by Ajay Jaiswal": Inquiry("list", Scope(authors=("Ajay Jaiswal",))),
    "list Lama Sleem's papers": Inquiry("list", Scope(authors=("Lama Sleem",))),
    "list the papers of 2019": Inquiry("list", Scope(years=(2019,))),
    "List every paper from 2020": Inquiry("list", Scope(years=(2020,))),
    "are there papers from 2019?": Inquiry("list", Scope(years=(2019,))),
    "is there any paper by Eric Xing?": Inquiry("list", Scope(authors=("Eric Xing",))),
    "do you have anything by Yuandong Tian": Inquiry("list", Scope(authors=("Yuandong Tian",))),
    "Which papers come with code?": Inquiry("list", Scope(has_code=True)),
    "papers w/o code": Inquiry("list", Scope(has_code=False)),
    "which papers were released without code": Inquiry("list", Scope(has_code=False)),
    "papers with no code by Lujun Li": Inquiry("list", Scope(authors=("Lujun Li",), has_code=False)),
    "how many papers have unknown code status": Inquiry("count", Scope(code_known=False)),
    "how many papers whose code is unknown": Inquiry("count", Scope(code_known=False)),
    "number of papers on the shelf": Inquiry("count"),
    "count the papers": Inquiry("count"),
    "what is the total number of papers?": Inquiry("count"),
    "How many publications are there in total": Inquiry("count"),
    "how many papers does Lujun Li have": Inquiry("count", Scope(authors=("Lujun Li",))),
    "How many papers has Xuan Shen published?": Inquiry("count", Scope(authors=("Xuan Shen",))),
    "how many papers did Zhihang Yuan write in 2024": Inquiry(
        "count", Scope(authors=("Zhihang Yuan",), years=(2024,))
    ),
    "how many of Zechun Liu's 2023 papers have code?": Inquiry(
        "count", Scope(authors=("Zechun Liu",), years=(2023,), has_code=True)
    ),
    "how many of Lu Yin's papers are in category CL": Inquiry(
        "count", Scope(authors=("Lu Yin",), categories=("CL",))
    ),
    "How many CV papers are on Xuan Shen's page?": Inquiry(
        "count", Scope(categories=("CV",), owners=("Xuan Shen",))
    ),
    "how many cs.LG papers from 2025": Inquiry("count", Scope(years=(2025,), categories=("LG",))),
    "how many eess.AS papers": Inquiry("count", Scope(categories=("AS",))),
    "how many papers in audio and speech": Inquiry("count", Scope(categories=("AS",))),
    "How many computer vision papers by Lujun Li?": Inquiry(
        "count", Scope(authors=("Lujun Li",), categories=("CV",))
    ),
    "how many machine learning papers are there": Inquiry("count", Scope(categories=("LG",))),
    "how many papers are not in category LG": Inquiry("count", Scope(not_categories=("LG",))),
    "how many papers since 2023": Inquiry("count", Scope(since=date(2023, 1, 1))),
    "papers since March 2024 by Lu Yin": Inquiry("list", Scope(authors=("Lu Yin",), since=date(2024, 3, 1))),
    "how many papers before 2021": Inquiry("count", Scope(until=date(2020, 12, 31))),
    "how many papers after 2023": Inquiry("count", Scope(since=date(2024, 1, 1))),
    "how many papers until 2022?": Inquiry("count", Scope(until=date(2022, 12, 31))),
    "papers between 2021 and 2023 by Zechun Liu": Inquiry(
        "list", Scope(authors=("Zechun Liu",), since=date(2021, 1, 1), until=date(2023, 12, 31))
    ),
    "papers from 2021 to 2022 on Lu Yin's page": Inquiry(
        "list", Scope(owners=("Lu Yin",), since=date(2021, 1, 1), until=date(2022, 12, 31))
    ),
    "papers 2019-2020": Inquiry("list", Scope(since=date(2019, 1, 1), until=date(2020, 12, 31))),
    "papers by Lu Yin before March 2024": Inquiry(
        "list", Scope(authors=("Lu Yin",), until=date(2024, 2, 29))
    ),
    "how many papers in May 2026": Inquiry("count", Scope(since=date(2026, 5, 1), until=date(2026, 5, 31))),
    "how many papers this year": Inquiry("count", Scope(years=(2026,))),
    "Lu Yin's papers this year": Inquiry("list", Scope(authors=("Lu Yin",), years=(2026,))),
    "how many papers last year": Inquiry("count", Scope(years=(2025,))),
    "papers dated 2025-05-17": Inquiry("list", Scope(since=date(2025, 5, 17), until=date(2025, 5, 17))),
    "papers from 17 May 2025": Inquiry("list", Scope(since=date(2025, 5, 17), until=date(2025, 5, 17))),
    "papers on May 17, 2025": Inquiry("list", Scope(since=date(2025, 5, 17), until=date(2025, 5, 17))),
    "how many papers appeared in 2024 or later": Inquiry("count", Scope(since=date(2024, 1, 1))),
    "papers from 2024 onwards": Inquiry("list", Scope(since=date(2024, 1, 1))),
    "first-author papers of Zhenglun Kong": Inquiry("list", Scope(first_authors=("Zhenglun Kong",))),
    "how many first author papers does Zechun Liu have?": Inquiry(
        "count", Scope(first_authors=("Zechun Liu",))
    ),
    "How many papers have Xuan Shen as first author?": Inquiry("count", Scope(first_authors=("Xuan Shen",))),
    "papers whose first author is Lu Yin": Inquiry("list", Scope(first_authors=("Lu Yin",))),
    "papers first-authored by Peijie Dong in 2024": Inquiry(
        "list", Scope(years=(2024,), first_authors=("Peijie Dong",))
    ),
    "in how many papers is Zimian Wei first author": Inquiry("count", Scope(first_authors=("Zimian Wei",))),
    "how many papers has Yuzhang Shang written as first author": Inquiry(
        "count", Scope(first_authors=("Yuzhang Shang",))
    ),
    "papers that print Shiwei Liu": Inquiry("list", Scope(printed=("Shiwei Liu",))),
    "papers where Lu Yin is printed as author": Inquiry("list", Scope(printed=("Lu Yin",))),
    "how many papers print the name Zechun Liu": Inquiry("count", Scope(printed=("Zechun Liu",))),
    "who wrote with Shiwei Liu most often": Inquiry("coauthors", subject="Shiwei Liu", most=1),
    "with whom did Lu Yin publish most?": Inquiry("coauthors", subject="Lu Yin", most=1),
    "top 3 co-authors of Zechun Liu": Inquiry("coauthors", subject="Zechun Liu", most=3),
    "list the coauthors of Geng Yuan": Inquiry("coauthors", subject="Geng Yuan"),
    "how many co-authors does Lujun Li have?": Inquiry("coauthors", subject="Lujun Li"),
    "who are Xuan Shen's most frequent collaborators": Inquiry("coauthors", subject="Xuan Shen"),
    "who is Zechun Liu's most frequent co-author?": Inquiry("coauthors", subject="Zechun Liu", most=1),
    "did Lu Yin and Shiwei Liu write together?": Inquiry("count", Scope(together=("Lu Yin", "Shiwei Liu"))),
    "have Zhenglun Kong and Peiyan Dong published together": Inquiry(
        "count", Scope(together=("Zhenglun Kong", "Peiyan Dong"))
    ),
    "how many papers did Lujun Li and Peijie Dong write together": Inquiry(
        "count", Scope(together=("Lujun Li", "Peijie Dong"))
    ),
    "how many papers do Lujun Li and Zimian Wei share": Inquiry(
        "count", Scope(together=("Lujun Li", "Zimian Wei"))
    ),
    "papers by Peijie Dong with Lujun Li": Inquiry("list", Scope(together=("Peijie Dong", "Lujun Li"))),
    "joint papers of Lu Yin and Tianjin Huang": Inquiry("list", Scope(together=("Lu Yin", "Tianjin Huang"))),
    "papers co-authored by Zhenglun Kong and Xuan Shen": Inquiry(
        "list", Scope(together=("Zhenglun Kong", "Xuan Shen"))
    ),
    "papers co-authored with Meng Fang": Inquiry("list", Scope(authors=("Meng Fang",))),
    "papers by both Zechun Liu and Zhiqiang Shen since 2021": Inquiry(
        "list", Scope(together=("Zechun Liu", "Zhiqiang Shen"), since=date(2021, 1, 1))
    ),
    "papers by Peijie Dong but not Lujun Li": Inquiry(
        "list", Scope(authors=("Peijie Dong",), not_authors=("Lujun Li",))
    ),
    "papers by Geng Yuan without Xuan Shen": Inquiry(
        "list", Scope(authors=("Geng Yuan",), not_authors=("Xuan Shen",))
    ),
    "who published most in 2024": Inquiry("authors", Scope(years=(2024,)), most=1),
    "who has the most papers with code?": Inquiry("authors", Scope(has_code=True), most=1),
    "which author has most first-author papers": Inquiry("first_authors", most=1),
    "who is first author most often?": Inquiry("first_authors", most=1),
    "most prolific author": Inquiry("authors", most=1),
    "top 5 authors": Inquiry("authors", most=5),
    "which authors published the most CV papers": Inquiry("authors", Scope(categories=("CV",)), most=1),
    "who wrote the fewest papers": Inquiry("authors", most=1, fewest=True),
    "who has more papers, Lujun Li or Xuan Shen?": Inquiry(
        "compare", sides=(Scope(authors=("Lujun Li",)), Scope(authors=("Xuan Shen",)))
    ),
    "who published more in 2023, Lu Yin or Lujun Li?": Inquiry(
        "compare",
        Scope(years=(2023,)),
        sides=(Scope(authors=("Lu Yin",), years=(2023,)), Scope(authors=("Lujun Li",), years=(2023,))),
    ),
    "which of Lu Yin and Zechun Liu has more papers with code": Inquiry(
        "compare",
        Scope(has_code=True),
        sides=(Scope(authors=("Lu Yin",), has_code=True), Scope(authors=("Zechun Liu",), has_code=True)),
    ),
    "how many more papers has Zechun Liu than Lujun Li": Inquiry(
        "compare", sides=(Scope(authors=("Zechun Liu",)), Scope(authors=("Lujun Li",)))
    ),
    "Does Geng Yuan have fewer papers than Zhenglun Kong?": Inquiry(
        "compare", sides=(Scope(authors=("Geng Yuan",)), Scope(authors=("Zhenglun Kong",))), fewest=True
    ),
    "whose page has more papers, Lujun Li's or Xuan Shen's?": Inquiry(
        "compare", sides=(Scope(owners=("Lujun Li",)), Scope(owners=("Xuan Shen",)))
    ),
    "which page has the most papers?": Inquiry("pages", most=1),
    "whose page lists the fewest papers": Inquiry("pages", most=1, fewest=True),
    "compare the number of papers of Lu Yin and Lujun Li": Inquiry(
        "compare", sides=(Scope(authors=("Lu Yin",)), Scope(authors=("Lujun Li",)))
    ),
    "what percentage of papers have code": Inquiry("share", part=Scope(has_code=True)),
    "what share of papers on Zechun Liu's page come with code?": Inquiry(
        "share", Scope(owners=("Zechun Liu",)), part=Scope(has_code=True)
    ),
    "what fraction of the 2024 papers are in category LG": Inquiry(
        "share", Scope(years=(2024,)), part=Scope(categories=("LG",))
    ),
    "how much of Lu Yin's work is from 2025": Inquiry(
        "share", Scope(authors=("Lu Yin",)), part=Scope(years=(2025,))
    ),
    "how many percent of Lujun Li's papers have code": Inquiry(
        "share", Scope(authors=("Lujun Li",)), part=Scope(has_code=True)
    ),
    "newest paper": Inquiry("latest", most=1),
    "oldest paper on the shelf": Inquiry("earliest", most=1),
    "what is the latest paper by Yuzhang Shang": Inquiry("latest", Scope(authors=("Yuzhang Shang",)), most=1),
    "when was Lu Yin's first paper published?": Inquiry("earliest", Scope(authors=("Lu Yin",)), most=1),
    "last paper of Zechun Liu": Inquiry("latest", Scope(authors=("Zechun Liu",)), most=1),
    "latest three papers by Lujun Li": Inquiry("latest", Scope(authors=("Lujun Li",)), most=3),
    "three most recent papers on Xuan Shen's page": Inquiry("latest", Scope(owners=("Xuan Shen",)), most=3),
    "earliest CV paper with code": Inquiry("earliest", Scope(categories=("CV",), has_code=True), most=1),
    "what is Lujun Li's most recent paper with code": Inquiry(
        "latest", Scope(authors=("Lujun Li",), has_code=True), most=1
    ),
    "first paper of 2024": Inquiry("earliest", Scope(years=(2024,)), most=1),
    "papers by year": Inquiry("years"),
    "how many papers per year on Lu Yin's page": Inquiry("years", Scope(owners=("Lu Yin",))),
    "Lu Yin's papers by year": Inquiry("years", Scope(authors=("Lu Yin",))),
    "in which year did Zechun Liu publish most?": Inquiry("years", Scope(authors=("Zechun Liu",)), most=1),
    "which year has fewest papers": Inquiry("years", most=1, fewest=True),
    "papers per category": Inquiry("categories"),
    "which categories are there": Inquiry("categories"),
    "what categories does Lu Yin publish in": Inquiry("categories", Scope(authors=("Lu Yin",))),
    "most common category on Xuan Shen's page": Inquiry("categories", Scope(owners=("Xuan Shen",)), most=1),
    "how many papers in each category in 2025": Inquiry("categories", Scope(years=(2025,))),
    "h-index of zechun liu": Inquiry("profile", sides=(Scope(owners=("Zechun Liu",)),), fields=("h_index",)),
    "what's Lujun Li's h index?": Inquiry(
        "profile", sides=(Scope(owners=("Lujun Li",)),), fields=("h_index",)
    ),
    "how many citations does Zechun Liu have?": Inquiry(
        "profile", sides=(Scope(owners=("Zechun Liu",)),), fields=("citations",)
    ),
    "how often is Lu Yin cited": Inquiry(
        "profile", sides=(Scope(owners=("Lu Yin",)),), fields=("citations",)
    ),
    "how many papers does Lu Yin's page state": Inquiry(
        "profile", sides=(Scope(owners=("Lu Yin",)),), fields=("stated_papers",)
    ),
    "does Zechun Liu have more citations than Lu Yin?": Inquiry(
        "profile",
        sides=(Scope(owners=("Zechun Liu",)), Scope(owners=("Lu Yin",))),
        fields=("citations",),
        most=1,
    ),
    "who has the lowest h-index": Inquiry("profile", fields=("h_index",), most=1, fewest=True),
    "novelty and AI score of Lu Yin": Inquiry(
        "profile", sides=(Scope(owners=("Lu Yin",)),), fields=("novelty", "ai_score")
    ),
    "h-index of Xuan Shen": Inquiry("profile", sides=(Scope(owners=("Xuan Shen",)),), fields=("h_index",)),
    "h-index of Shiwei Liu": Inquiry("profile", sides=(Scope(owners=("Shiwei Liu",)),), fields=("h_index",)),
    "citations of Lujun Li and h-index": Inquiry(
        "profile", sides=(Scope(owners=("Lujun Li",)),), fields=("h_index", "citations")
    ),
    "on whose page is Shiwei Liu listed?": Inquiry("pages", Scope(printed=("Shiwei Liu",))),
    "which pages print Zhiqiang Shen": Inquiry("pages", Scope(printed=("Zhiqiang Shen",))),
    "whose page lists papers by Geng Yuan": Inquiry("pages", Scope(printed=("Geng Yuan",))),
    "how many author pages are there?": Inquiry("owners"),
    "list the page owners": Inquiry("owners"),
    "which affiliations are printed": Inquiry("affiliations"),
    "papers from meta": Inquiry("list", Scope(affiliations=("meta-ai",))),
    "harvard papers on Xuan Shen's page since 2023": Inquiry(
        "list", Scope(owners=("Xuan Shen",), affiliations=("harvard",), since=date(2023, 1, 1))
    ),
    "how many papers are affiliated with PKU": Inquiry("count", Scope(affiliations=("pku",))),
    "undated papers": Inquiry("list", Scope(dated=False)),
    "how many undated papers are on Yuzhang Shang's page": Inquiry(
        "count", Scope(owners=("Yuzhang Shang",), dated=False)
    ),
    "which papers have no date": Inquiry("list", Scope(dated=False)),
    "how many papers are dated": Inquiry("count", Scope(dated=True)),
    "how many papers on page 003": Inquiry("count", Scope(seeds=("003_76547c5ebacf686c.txt",))),
    "papers in 003_76547c5ebacf686c.txt": Inquiry("list", Scope(seeds=("003_76547c5ebacf686c.txt",))),
    "how many papers by zechun lui": Inquiry("count", Scope(authors=("Zechun Liu",))),
    "papers by Yuzang Shang in 2024": Inquiry("list", Scope(authors=("Yuzhang Shang",), years=(2024,))),
    "papers by L. Yin": Inquiry("list", Scope(authors=("Lu Yin",))),
    "papers by Shang": Inquiry("list", Scope(authors=("Yuzhang Shang",))),
    "shang's papers with code": Inquiry("list", Scope(authors=("Yuzhang Shang",), has_code=True)),
    "papers by Kurzinger": Inquiry("list", Scope(authors=("Ludwig Kürzinger",))),
    "how many papers by Lu Yin in 2019": Inquiry("count", Scope(authors=("Lu Yin",), years=(2019,))),
    "how many 2018 papers": Inquiry("count", Scope(years=(2018,))),
    "how many authors are there in 2024": Inquiry("authors", Scope(years=(2024,))),
    "co-authors of shang": Inquiry("coauthors", subject="Yuzhang Shang"),
    "how many papers by Shiwei Liu on Lu Yin's page": Inquiry(
        "count", Scope(authors=("Shiwei Liu",), owners=("Lu Yin",))
    ),
    "how many papers by Lu Yin or Zechun Liu but not from 2024": Inquiry(
        "count", Scope(authors=("Lu Yin", "Zechun Liu"), not_years=(2024,))
    ),
    "how many papers in 2024 were not released with code": Inquiry(
        "count", Scope(years=(2024,), has_code=False)
    ),
    "how many papers did Lu Yin write with Shiwei Liu in 2023 with code": Inquiry(
        "count", Scope(years=(2023,), has_code=True, together=("Lu Yin", "Shiwei Liu"))
    ),
    "is Lu Yin a co-author of Shiwei Liu?": Inquiry("count", Scope(together=("Lu Yin", "Shiwei Liu"))),
    "h-index of shang": Inquiry("profile", sides=(Scope(owners=("Yuzhang Shang",)),), fields=("h_index",)),
    "how many papers do the pages list": Inquiry("count"),
    "papers in the library by Meng Fang": Inquiry("list", Scope(authors=("Meng Fang",))),
    "how many papers are on all five pages": Inquiry("count"),
    "who has the highest number of citations?": Inquiry("profile", fields=("citations",), most=1),
    "what is the number of papers on the shelf": Inquiry("count"),
    "number of papers stated by Lu Yin's page": Inquiry(
        "profile", sides=(Scope(owners=("Lu Yin",)),), fields=("stated_papers",)
    ),
    "how many papers of Lu Yin and Zechun Liu's page": Inquiry(
        "count", Scope(owners=("Lu Yin", "Zechun Liu"))
    ),
    "how many papers by Zechun Liu and by Lu Yin": Inquiry(
        "count", Scope(together=("Zechun Liu", "Lu Yin")), sides=(Scope(authors=("Zechun Liu", "Lu Yin")),)
    ),
    "CV or LG papers by Lujun Li in 2024": Inquiry(
        "list", Scope(authors=("Lujun Li",), years=(2024,), categories=("CV", "LG"))
    ),
    "how many authors are on Lu Yin's page": Inquiry("authors", Scope(owners=("Lu Yin",))),
    "how many 2024 papers by Lu Yin are first-authored by Shiwei Liu": Inquiry(
        "count", Scope(authors=("Lu Yin",), years=(2024,), first_authors=("Shiwei Liu",))
    ),
    "PAPERS BY LU YIN IN 2024": Inquiry("list", Scope(authors=("Lu Yin",), years=(2024,))),
    "could you please tell me how many papers lu yin published in 2025?": Inquiry(
        "count", Scope(authors=("Lu Yin",), years=(2025,))
    ),
    "hi! how many papers are there?": Inquiry("count"),
    "HOW MANY CV PAPERS BY LUJUN LI": Inquiry("count", Scope(authors=("Lujun Li",), categories=("CV",))),
    "which of Lu Yin's papers are without code": Inquiry("list", Scope(authors=("Lu Yin",), has_code=False)),
    "which of zechun liu's papers from 2025 have code available": Inquiry(
        "list", Scope(authors=("Zechun Liu",), years=(2025,), has_code=True)
    ),
    "give me lujun li's papers from 2022 and 2023": Inquiry(
        "list", Scope(authors=("Lujun Li",), years=(2022, 2023))
    ),
    "how many papers in 2021, 2022 and 2023": Inquiry("count", Scope(years=(2021, 2022, 2023))),
    "anything by Oleg Balabanov?": Inquiry("list", Scope(authors=("Oleg Balabanov",))),
    "Papers by Ludwig Kürzinger": Inquiry("list", Scope(authors=("Ludwig Kürzinger",))),
    "papers of Niccolo' Gentile": Inquiry("list", Scope(authors=("Niccolo' Gentile",))),
    "papers by decebal mocanu": Inquiry("list", Scope(authors=("Decebal Constantin Mocanu",))),
    "how many papers by Shih-yang Liu": Inquiry("count", Scope(authors=("Shih-Yang Liu",))),
    "papers by Pin Jie Lin": Inquiry("list", Scope(authors=("Pin-Jie Lin",))),
    "papers with Kwang-Ting Cheng": Inquiry("list", Scope(authors=("Kwang-Ting Cheng",))),
    "papers by lu jun li": Inquiry("list", Scope(authors=("Lujun Li",))),
    "papers by Liu Zechun": Inquiry("list", Scope(authors=("Zechun Liu",))),
    "what robotics papers are there": Inquiry("list", Scope(categories=("RO",))),
    "which papers are in RO": Inquiry("list", Scope(categories=("RO",))),
    "how many NLP papers are there": Inquiry("count", Scope(categories=("CL",))),
    "papers filed under cs.CR": Inquiry("list", Scope(categories=("CR",))),
    "how many papers outside category LG": Inquiry("count", Scope(not_categories=("LG",))),
    "list papers of Lu Yin in categories CL or CV": Inquiry(
        "list", Scope(authors=("Lu Yin",), categories=("CL", "CV"))
    ),
    "what are the papers of 2019?": Inquiry("list", Scope(years=(2019,))),
    "how many papers have no code and no date": Inquiry("count", Scope(has_code=False, dated=False)),
    "which papers from 2026 come without code": Inquiry("list", Scope(years=(2026,), has_code=False)),
    "papers by Lu Yin prior to 2022": Inquiry("list", Scope(authors=("Lu Yin",), until=date(2021, 12, 31))),
    "papers no later than 2020": Inquiry("list", Scope(until=date(2020, 12, 31))),
    "papers newer than 2025": Inquiry("list", Scope(since=date(2026, 1, 1))),
    "papers since 1 June 2026": Inquiry("list", Scope(since=date(2026, 6, 1))),
    "papers by Lu Yin from 2024 on": Inquiry("list", Scope(authors=("Lu Yin",), since=date(2024, 1, 1))),
    "papers of the year 2022": Inquiry("list", Scope(years=(2022,))),
    "how many papers except those from 2025": Inquiry("count", Scope(not_years=(2025,))),
    "papers by Lujun Li besides those from 2025": Inquiry(
        "list", Scope(authors=("Lujun Li",), not_years=(2025,))
    ),
    "how many papers by Lujun Li are not with Peijie Dong": Inquiry(
        "count", Scope(authors=("Lujun Li",), not_authors=("Peijie Dong",))
    ),
    "papers written by Yuzhang Shang or Zhihang Yuan": Inquiry(
        "list", Scope(authors=("Yuzhang Shang", "Zhihang Yuan"))
    ),
    "papers by either Lu Yin or Shiwei Liu": Inquiry("list", Scope(authors=("Lu Yin", "Shiwei Liu"))),
    "which papers did Pu Zhao co-author with Xuan Shen": Inquiry(
        "list", Scope(together=("Pu Zhao", "Xuan Shen"))
    ),
    "how many times did Zhenglun Kong and Geng Yuan publish together": Inquiry(
        "count", Scope(together=("Zhenglun Kong", "Geng Yuan"))
    ),
    "has Zechun Liu ever published with Zhiqiang Shen": Inquiry(
        "count", Scope(together=("Zechun Liu", "Zhiqiang Shen"))
    ),
    "has Lu Yin ever collaborated with Meng Fang?": Inquiry("count", Scope(together=("Lu Yin", "Meng Fang"))),
    "who is Shiwei Liu's top collaborator?": Inquiry("coauthors", subject="Shiwei Liu", most=1),
    "whom did Peijie Dong write with most": Inquiry("coauthors", subject="Peijie Dong", most=1),
    "name the three most frequent co-authors of Lujun Li": Inquiry("coauthors", subject="Lujun Li", most=3),
    "co-authors of Lu Yin since 2024": Inquiry("coauthors", Scope(since=date(2024, 1, 1)), subject="Lu Yin"),
    "who are Zhihang Yuan's coauthors besides Yuzhang Shang": Inquiry(
        "coauthors", subject="Zhihang Yuan", besides=("Yuzhang Shang",)
    ),
    "who published most besides Lujun Li": Inquiry("authors", besides=("Lujun Li",), most=1),
    "who had the most papers in 2021": Inquiry("authors", Scope(years=(2021,)), most=1),
    "top ten authors by number of papers": Inquiry("authors", most=10),
    "how many different authors are on the shelf": Inquiry("authors"),
    "how many people wrote papers in 2019": Inquiry("authors", Scope(years=(2019,))),
    "which author has the most CL papers since 2023": Inquiry(
        "authors", Scope(categories=("CL",), since=date(2023, 1, 1)), most=1
    ),
    "what was the first paper on Yuzhang Shang's page": Inquiry(
        "earliest", Scope(owners=("Yuzhang Shang",)), most=1
    ),
    "when did Lu Yin's latest paper come out?": Inquiry("latest", Scope(authors=("Lu Yin",)), most=1),
    "title of the oldest paper with code": Inquiry("earliest", Scope(has_code=True), most=1),
    "Xuan Shen's two newest papers": Inquiry("latest", Scope(authors=("Xuan Shen",)), most=2),
    "who wrote the newest paper on Lu Yin's page?": Inquiry("latest", Scope(owners=("Lu Yin",)), most=1),
    "the five oldest papers by Zechun Liu": Inquiry("earliest", Scope(authors=("Zechun Liu",)), most=5),
    "show a timeline of Zechun Liu's page": Inquiry("years", Scope(owners=("Zechun Liu",))),
    "Lujun Li's publications per year": Inquiry("years", Scope(authors=("Lujun Li",))),
    "how many LG papers each year": Inquiry("years", Scope(categories=("LG",))),
    "which was Lujun Li's most productive year": Inquiry("years", Scope(authors=("Lujun Li",)), most=1),
    "what years does the shelf cover": Inquiry("years"),
    "which categories does Xuan Shen's page have": Inquiry("categories", Scope(owners=("Xuan Shen",))),
    "how many papers per category by Zechun Liu": Inquiry("categories", Scope(authors=("Zechun Liu",))),
    "what proportion of Lujun Li's papers are in CV": Inquiry(
        "share", Scope(authors=("Lujun Li",)), part=Scope(categories=("CV",))
    ),
    "what fraction of papers by Lu Yin have Lu Yin as first author": Inquiry(
        "share", Scope(authors=("Lu Yin",)), part=Scope(first_authors=("Lu Yin",))
    ),
    "how much of Zechun Liu's page is first-authored by Zechun Liu": Inquiry(
        "share", Scope(owners=("Zechun Liu",)), part=Scope(first_authors=("Zechun Liu",))
    ),
    "AI score of Zechun Liu": Inquiry(
        "profile", sides=(Scope(owners=("Zechun Liu",)),), fields=("ai_score",)
    ),
    "what is the novelty of Lujun Li": Inquiry(
        "profile", sides=(Scope(owners=("Lujun Li",)),), fields=("novelty",)
    ),
    "citations and h-index of Lu Yin": Inquiry(
        "profile", sides=(Scope(owners=("Lu Yin",)),), fields=("h_index", "citations")
    ),
    "whose h-index is higher, Lu Yin's or Lujun Li's": Inquiry(
        "profile", sides=(Scope(owners=("Lu Yin",)), Scope(owners=("Lujun Li",))), fields=("h_index",), most=1
    ),
    "which page owner has the fewest citations": Inquiry(
        "profile", fields=("citations",), most=1, fewest=True
    ),
    "who is cited more, Lu Yin or Zechun Liu?": Inquiry(
        "profile",
        sides=(Scope(owners=("Lu Yin",)), Scope(owners=("Zechun Liu",))),
        fields=("citations",),
        most=1,
    ),
    "how many papers are stated on Zechun Liu's page": Inquiry(
        "profile", sides=(Scope(owners=("Zechun Liu",)),), fields=("stated_papers",)
    ),
    "on which page is Geng Yuan printed": Inquiry("pages", Scope(printed=("Geng Yuan",))),
    "whose page are the undated papers on": Inquiry("pages", Scope(dated=False)),
    "who has a page here?": Inquiry("owners"),
    "what pages are there?": Inquiry("owners"),
    "which institutions are there": Inquiry("affiliations"),
    "which affiliations does Xuan Shen's page list": Inquiry("affiliations", Scope(owners=("Xuan Shen",))),
    "how many harvard papers from 2025": Inquiry("count", Scope(years=(2025,), affiliations=("harvard",))),
    "berkeley papers": Inquiry("list", Scope(affiliations=("berkeley",))),
    "papers on page 000 from 2021": Inquiry(
        "list", Scope(years=(2021,), seeds=("000_aa939b80d10a4cc9.txt",))
    ),
    "How many papers are on the page of Lu Yin?": Inquiry("count", Scope(owners=("Lu Yin",))),
    "how many papers do you have": Inquiry("count"),
    "how many articles by Tianlong Chen": Inquiry("count", Scope(authors=("Tianlong Chen",))),
    "how many preprints since January 2025": Inquiry("count", Scope(since=date(2025, 1, 1))),
}

# A topic within an exact part of the shelf: never counted, answered by retrieval within the scope.
TOPICS = {
    "How many papers are about pruning?": Scope(),
    "pruning papers by Lujun Li in 2024": Scope(authors=("Lujun Li",), years=(2024,)),
    "how many papers about quantisation by Yuzhang Shang": Scope(authors=("Yuzhang Shang",)),
    "papers by Lu Yin on pruning since 2023": Scope(authors=("Lu Yin",), since=date(2023, 1, 1)),
    "what quantization papers did Zechun Liu publish after 2023?": Scope(
        authors=("Zechun Liu",), since=date(2024, 1, 1)
    ),
    "list diffusion papers on Xuan Shen's page": Scope(owners=("Xuan Shen",)),
    "which papers with code are about binary networks?": Scope(has_code=True),
    "how many papers use knowledge distillation": Scope(),
    "how many papers from 2024 propose a benchmark": Scope(years=(2024,)),
    "any survey papers by Zhihang Yuan?": Scope(authors=("Zhihang Yuan",)),
    "which papers compress LLMs": Scope(),
    "Which papers are about pruning?": Scope(),
    "summarise Lu Yin's papers": Scope(authors=("Lu Yin",)),
    "summarize the 2024 papers on quantization": Scope(years=(2024,)),
    "what work is there on diffusion models": Scope(),
    "From how many papers was the computer science Q&A corpus built?": Scope(),
    "how many papers did reviewers accept in 2024": Scope(years=(2024,)),
    "newest pruning paper by Lu Yin": Scope(authors=("Lu Yin",)),
    "first paper on LLM binarization": Scope(),
    "newest paper on agents?": Scope(),
    "oldest pruning paper not by Lu Yin": Scope(not_authors=("Lu Yin",)),
    "newest paper about video by Xuan Shen with code": Scope(authors=("Xuan Shen",), has_code=True),
}

# Understood, and impossible or unclear: the refusal says why.
TROUBLES = {
    "How many papers by Albert Einstein?": "No author “Albert Einstein” is on this shelf.",
    "How many papers by Liu?": "“liu” may be Zechun Liu, Shiwei Liu, Jun Liu, Shih-Yang Liu, Zhuang Liu or one of 13 more. Ask again with the whole name.",
    "2025 papers from 2023": "No paper is from 2025 and from 2023 at once.",
    "how many papers did Z. Liu write": "“z liu” may be Zechun Liu, Zhuang Liu, Zihang Liu or Zijing Liu. Ask again with the whole name.",
    "papers by Liu et al.": "“liu” may be Zechun Liu, Shiwei Liu, Jun Liu, Shih-Yang Liu, Zhuang Liu or one of 13 more. Ask again with the whole name.",
    "papers by Lujun Lee": "No author “Lujun Lee” is on this shelf. The nearest names are Lujun Li.",
    "how many papers by Yang Liu": "No author “Yang Liu” is on this shelf. The nearest names are Yang Li, Xiang Liu, Shih-Yang Liu.",
    "papers from 1492": "No paper on this shelf can be dated 1492: arXiv opened in 1991.",
    "papers from 3024": "No paper on this shelf can be dated 3024: its pages were fetched in 2026.",
    "how many papers in 20244": "20244 is no year.",
    "papers between 2024 and 2021": "No time lies between 2024 and 2021 in that order.",
    "papers from 2023 since 2024": "2023 is left out by the other dates of the question.",
    "papers with code and without code": "No paper is marked both with and without code.",
    "LG papers in category CV": "A listing prints one category a paper, not LG and CV at once.",
    "how many papers by albert einstein in 2024": "No author “albert einstein” is on this shelf.",
    "papers by Geoffrey Hinton": "No author “Geoffrey Hinton” is on this shelf.",
    "What is the h-index of Yann LeCun?": "No author “Yann Lecun” is on this shelf.",
    "who has more papers, Lu Yin or Geoffrey Hinton": "No author “Geoffrey Hinton” is on this shelf.",
    "co-authors of Geoffrey Hinton": "No author “Geoffrey Hinton” is on this shelf.",
    "how many papers by Hinton": "No author “Hinton” is on this shelf.",
    "how many CV papers and LG papers": "A listing prints one category a paper, not CV and LG at once.",
}

# Not asked of the collection, or not wholly understood: never counted.
OTHERS = [
    "how many papers have et al.",
    "how many papers did Lu Yin write alone",
    "how many papers by Lu Yin are not first-authored by Lu Yin",
    "how many papers with code by Lu Yin and without code by Zechun Liu",
    "how many papers on Lu Yin's page do not print Lu Yin",
    "how many papers have both code and a date",
    "how many co-authors do Lu Yin and Zechun Liu share",
    "what is the second oldest paper by Lu Yin",
    "How many papers cite OWL?",
    "how much of the shelf has code?",
    "Tell me how many papers Shiwei Liu wrote and how many Lu Yin did not.",
    "How many papers does Lu Yin have in 2024 and Zechun Liu in 2023?",
    "how many papers by Lu Yin and how many by Zechun Liu",
    "papers by only Lu Yin",
    "papers by Lu Yin or with code",
    "papers from 2024 or with code",
    "how many papers are by Lu Yin or from 2024?",
    "how many papers not by Lu Yin and not by Zechun Liu",
    "papers by Lu Yin published after OWL",
    "how many authors does OWL have",
    "how many papers mention Lu Yin",
    "how many papers in January or February 2024",
    "does every paper have code?",
    "is there a paper without authors",
    "how many papers per author",
    "how many words does the longest paper have",
    "what is Lu Yin's email",
    "how many of the 50 papers have code",
    "how many papers have a score",
    "who cites Lu Yin",
    "what did Lu Yin write about pruning",
    "how does Lu Yin prune?",
    "papers by Zechun Liu without Lu Yin as first author",
    "How many papers did the co-authors of Lu Yin write",
    "papers by Lu Yin's co-authors",
    "how many authors wrote papers with Lu Yin",
    "who has the most papers with Lu Yin",
    "How many pages do the papers have?",
    "How many seeds hold papers?",
    "how many of the seeds hold papers",
    "how many papers excluded 2024",
    "unpublished papers by Lu Yin",
    "does Lu Yin have more papers than Zechun Liu and Lujun Li",
    "how many papers by Lu Yin in CL and by Zechun Liu",
    "what is the share of papers without code",
    "what is in the library",
    "how do I print papers",
    "What is OWL?",
    "How does OWL prune layers?",
    "how many bits does LLM-FP4 use?",
    "how many layers does Mix-LN need",
    "how many tasks and how many models does ACBench cover",
    "how many GPUs did QuEST need",
    "how many parameters does MobileLLM have",
    "How many experts sit in each layer of MobileMoE-S?",
    "compare OWL and STBLLM",
    "what is the difference between ASVD and RPTQ",
    "why do deeper layers matter less",
    "who uses mutual information?",
    "when should I cut back a grape vine?",
    "who invented the electric transformer?",
    "what did Lu Yin find about outliers?",
    "what methods does Zechun Liu propose for binary networks",
    "does OWL have code",
    "is LoRA mentioned anywhere",
    "how much memory does RPTQ save on OPT-175b",
    "how many steps does prompt diffusion take",
    "what datasets was E2ENet tested on",
    "In how many steps is a prompt refined, and on how many datasets was it tried?",
    "how long does the search phase of ViT-Slim take",
    "which layers does QuEST finetune",
    "what happened in 2024",
    "Who won the world cup in 2022?",
    "tell me about Lu Yin",
    "who is Zechun Liu",
    "what is the best paper",
    "which paper should I read first",
    "what is new in 2026",
    "which came first, OWL or Wanda?",
    "how many sentences per abstract",
    "DROP TABLE papers",
    "'; DELETE FROM papers WHERE year = 2024; --",
    "how many years does training take",
    "what code does Lu Yin use",
    "which language is the code in",
    "how many authors did the survey have",
    "what share of the latency of video diffusion is attention",
    "how much faster is FastCar",
    "which category of methods works best",
]


@pytest.mark.parametrize("question", INQUIRIES)
def test_a_wording_is_read_to_the_last_word(question: str) -> None:
    read = read_question(question, SHELF).inquiry
    assert read is not None
    expected = INQUIRIES[question]
    assert (read.aim, read.scope, read.part, read.sides) == (
        expected.aim, expected.scope, expected.part, expected.sides,
    )  # fmt: skip
    assert (read.fields, read.subject, read.besides) == (expected.fields, expected.subject, expected.besides)
    assert (read.most, read.fewest, read.trouble) == (expected.most, expected.fewest, "")


@pytest.mark.parametrize("question", TOPICS)
def test_a_topic_keeps_its_exact_part(question: str) -> None:
    asked = read_question(question, SHELF)
    assert (asked.inquiry, asked.topic) == (None, TOPICS[question])


@pytest.mark.parametrize("question", TROUBLES)
def test_what_is_impossible_or_unclear_says_why(question: str) -> None:
    read = read_question(question, SHELF).inquiry
    assert read is not None
    assert read.trouble == TROUBLES[question]


@pytest.mark.parametrize("question", OTHERS)
def test_what_is_not_wholly_understood_is_no_inquiry(question: str) -> None:
    asked = read_question(question, SHELF)
    assert (asked.inquiry, asked.topic) == (None, None)


def test_the_tables_are_large() -> None:
    assert len(INQUIRIES) >= 150
    assert len(OTHERS) >= 40


@pytest.mark.parametrize(
    ("question", "note"),
    [
        ("papers by yin in 2024", "“yin” is taken for Lu Yin"),
        ("how many papers by zechun lui", "“zechun lui” is taken for Zechun Liu"),
        ("papers by L. Yin", "“l yin” is taken for Lu Yin"),
        ("co-authors of shang", "“shang” is taken for Yuzhang Shang"),
    ],
)
def test_a_name_in_another_spelling_is_said(question: str, note: str) -> None:
    read = read_question(question, SHELF).inquiry
    assert read is not None
    assert read.notes == (note,)


def test_those_are_the_papers_of_the_answer_before() -> None:
    read = read_question("how many of those have code?", SHELF, before=("a", "b")).inquiry
    assert read is not None
    assert read.scope == Scope(papers=("a", "b"), has_code=True)
    assert read_question("how many of those have code?", SHELF).inquiry is None


def test_a_long_question_is_no_count() -> None:
    question = "how many papers by Lu Yin " + "in 2024 " * MOST_WORDS
    assert read_question(question, SHELF).inquiry is None


PIECES = [
    "how many", "papers", "by", "Lu Yin", "Zechun Liu", "not", "or", "and", "in 2024", "since", "2023", "with", "without",
    "code", "page", "'s", "first author", "on", "most", "who", "co-authors", "of", "the", "except", "NAME0", "YEAR1", "#",
    "than", "more", "category", "LG", "yin", "between", "which", "oldest", "3", "share", "h-index",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12))
@hypothesis_settings(deadline=None)
def test_each_name_and_year_of_what_is_understood_is_in_it(pieces: list[str]) -> None:
    """Whatever the order of the words, nothing that was named is dropped, and a "not" is never."""
    read = read_question(" ".join(pieces), SHELF).inquiry
    if read is None or read.trouble:
        return
    said = repr(read)
    assert all(name in said for name in ("Lu Yin", "Zechun Liu", "LG") if name in pieces)
    assert (
        "2023" not in pieces or "2023" in said or "date(2024, 1, 1)" in said or "date(2022, 12, 31)" in said
    )
    assert "not" not in pieces or "not_" in said or "has_code=False" in said or "dated=False" in said
    assert "code" not in pieces or "code" in said


@given(st.text(max_size=200))
@hypothesis_settings(deadline=None)
def test_no_question_breaks_it(question: str) -> None:
    asked = read_question(question, SHELF)
    assert asked.inquiry is None or asked.topic is None


@pytest.mark.parametrize(
    ("question", "order", "most"),
    [
        ("newest paper on agents?", "newest", 1),
        ("oldest work on diffusion", "oldest", 5),
        ("first three papers on NAS", "oldest", 3),
        ("what's the most recent quantization paper", "newest", 1),
    ],
)
def test_the_newest_or_oldest_of_a_topic_is_asked_for(question: str, order: str, most: int) -> None:
    asked = read_question(question, SHELF)
    assert (asked.order, asked.topic) == (order, Scope())
    assert asked.most is not None
    assert asked.left


@pytest.mark.parametrize(
    ("question", "unread"),
    [
        ("papers with neither code nor date", ("neither", "code", "nor", "date")),
        ("how many papers not only by Lu Yin", ("not", "only")),
        ("newest pruning paper by Lu Yin", ()),
        ("what is OWL?", ()),
        ("papers on code", ()),
    ],
)
def test_words_of_the_shelf_that_are_not_understood_are_told(question: str, unread: tuple[str, ...]) -> None:
    assert read_question(question, SHELF).unread == unread


def test_a_last_name_before_the_first_is_asked_back() -> None:
    inquiry = read_question("papers of Liu, Zechun", SHELF).inquiry
    assert inquiry is not None
    assert "Zechun Liu" in inquiry.trouble
