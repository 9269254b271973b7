{% macro masked_text(text, is_prose=true) %}
    {#- Names of persons in English, German and Chinese, written so that RE2 and Java read them alike: no look-around, no \b, a quotation
        mark as \x27, no group that repeats without a bound. Left out are given names that are words, months or towns as well. -#}
    {%- set start = "(^|[^\\p{L}\\p{N}])" -%}
    {%- set end = "([^\\p{L}\\p{N}]|$)" -%}
    {%- set space = "[ \\x{a0}]{1,2}" -%}
    {%- set particle = "(?:(?:v[ao]n|de[nrl]?|della|d[aio]|dos|zu[mr]?|l[ae]|bin|ibn|al|el|te[nr])" ~ space ~ "){0,2}" -%}
    {%- set initials = "(?:\\p{Lu}\\.[ \\x{a0}]?){0,2}" -%}
    {%- set word = "\\p{Lu}[\\p{L}\\p{M}\\x27\\x{2019}-]+" -%}
    {%- set further = space ~ particle ~ initials ~ word -%}
    {%- set full_name = particle ~ initials ~ word ~ "(?:" ~ further ~ "){0,2}" -%}
    {%- set two_words = initials ~ word ~ further -%}
    {%- set title =
        "(?:Mr|mr|MR|Mrs|mrs|MRS|Ms|ms|Miss|Mx|Mister|Dr|dr|DR|Prof|prof|PROF|Professor|Herrn?|herrn?|HERRN?|Frau|frau|FRAU"
        ~ "|Fräulein|Hr|Fr|Sir|Lady|Lord|Mme|Dipl\\.-Ing)"
    -%}
    {%- set titles = "((?:" ~ title ~ "(?:\\.[ \\x{a0}]{0,2}|" ~ space ~ ")){1,3})" -%}
    {%- set introduction =
        "((?i:(?:my |his |her )?name is|names?:|contact person is|contact(?: person)?:|i am|i[\\x27\\x{2019}]m|spoke (?:with|to)"
        ~ "|talked (?:with|to)|speak (?:with|to)|asked? for|attn\\.?:?|c/o|signed by|regards,|cheers,|sincerely,|mein name ist"
        ~ "|ich hei(?:ß|ss)e|namens|ansprechpartner(?:in)?(?: ist|:)|kontakt:|gru(?:ß|ss),?|gr(?:ü|ue)(?:ß|ss)en?,?|mfg,?"
        ~ "|gesprochen mit|gespr(?:ä|ae)ch mit|z\\. ?hd\\.)[ \\x{a0}\\n]{1,3})"
    -%}
    {%- set meeting = "((?i:met(?: with)?|meeting with|called|phoned|treffen mit|termin mit|angerufen:?)" ~ space ~ ")" -%}
    {%- set given_names =
        "Aaliyah|Aaron|Abdul|Abdullah|Abigail|Achim|Adaeze|Adam|Adebayo|Adele|Adrian|Adriana|Agata|Agnes|Agnieszka|Ahmed|Aidan|Aileen|Aisha"
        ~ "|Alan|Albert|Alejandro|Aleksander|Alessandra|Alessandro|Alex|Alexander|Alexandra|Alexis|Alfred|Ali|Alice|Alicia|Alina|Alistair|Allan"
        ~ "|Allison|Amanda|Amara|Amelia|Amelie|Amina|Amir|Amira|Amit|Amy|Ana|Anand|Anastasia|Andre|André|Andrea|Andreas|Andrei|Andrew|Andy|Angela"
        ~ "|Angelika|Angelo|Angus|Anika|Anil|Anita|Anja|Anjali|Anke|Anna|Annabel|Annabelle|Anne|Annette|Annika|Anthony|Antoine|Anton|Antonia"
        ~ "|Antonio|Anwar|Arjun|Arnold|Arthur|Arun|Asha|Ashley|Ashok|Asif|Astrid|Axel|Ayesha|Aylin|Barbara|Bärbel|Barbora|Bartosz|Beate|Beatrice"
        ~ "|Beatriz|Ben|Benedict|Benjamin|Bernd|Bernhard|Bert|Beth|Betty|Bianca|Bilal|Birgit|Bjoern|Björn|Bob|Bogdan|Boris|Brandon|Brenda|Brendan"
        ~ "|Brian|Bridget|Brigitte|Britta|Bronwyn|Bruno|Bryan|Caitlin|Callum|Cameron|Camila|Camille|Carina|Carl|Carla|Carlos|Carmen|Carol"
        ~ "|Caroline|Carolyn|Carsten|Catalina|Catherine|Cathy|Cecilia|Charles|Charlie|Charlotte|Chiara|Chidi|Chinedu|Chioma|Chloe|Chloé|Chris"
        ~ "|Christa|Christian|Christiane|Christina|Christine|Christoph|Christopher|Ciaran|Claire|Clara|Clarissa|Claudia|Claus|Clive|Colin|Connor"
        ~ "|Conor|Cornelia|Craig|Cristina|Curtis|Cynthia|Cyril|Dagmar|Damian|Damien|Dan|Daniel|Daniela|Danielle|Danuta|Daphne|Darren|Dave|David"
        ~ "|Deborah|Debra|Deepak|Deirdre|Delphine|Denise|Dennis|Derek|Desmond|Detlef|Diana|Diane|Diego|Dieter|Dilip|Dimitri|Dirk|Divya|Dmitri"
        ~ "|Dolores|Dominic|Dominik|Donald|Donna|Doris|Dorothea|Dorothy|Douglas|Duncan|Dylan|Eckhard|Ed|Edgar|Edith|Edmund|Eduard|Eduardo|Edward"
        ~ "|Edwin|Eileen|Elaine|Eleanor|Elena|Eleni|Eleonore|Eli|Elias|Elif|Elisabeth|Elizabeth|Elke|Ella|Ellen|Elliot|Elliott|Elsa|Emil|Emilia"
        ~ "|Emilie|Emily|Emma|Emmanuel|Enrique|Eoin|Eric|Erich|Erik|Erika|Ernst|Estelle|Esther|Ethan|Eugene|Eva|Evelyn|Ewa|Fabian|Faisal|Farah"
        ~ "|Farid|Fatima|Fatma|Federico|Felicity|Felix|Femi|Fernando|Filip|Fiona|Florian|Folake|Frances|Francesca|Francesco|Francis|Francisco"
        ~ "|Franz|François|Fred|Frederick|Frieda|Friedrich|Gabriel|Gabriele|Gareth|Gary|Gavin|Gemma|Geoff|Geoffrey|Georg|Gerald|Geraldine|Gerd"
        ~ "|Gerhard|Gianni|Gillian|Giovanni|Gisela|Giulia|Giuseppe|Glenn|Gloria|Goran|Gordon|Graham|Greg|Gregory|Greta|Grzegorz|Guadalupe|Guenter"
        ~ "|Guillaume|Günter|Günther|Gurpreet|Gustav|Hamid|Hamza|Hanna|Hannah|Hannes|Hans|Harald|Harold|Harpreet|Harriet|Harry|Hartmut|Hasan"
        ~ "|Hassan|Heather|Heidi|Heike|Heiko|Heiner|Heinrich|Heinz|Helen|Helena|Helga|Helmut|Henning|Henry|Herbert|Hermann|Hilde|Holger|Horst"
        ~ "|Howard|Hubert|Hugh|Hugo|Hussein|Ian|Ibrahim|Ifeoma|Igor|Ilse|Imogen|Imran|Ines|Inge|Ingeborg|Ingo|Ingrid|Irene|Irina|Isaac|Isabel"
        ~ "|Isabella|Ismail|Ivan|Jacob|Jacqueline|Jakob|Jakub|James|Jamie|Jan|Jana|Jane|Janet|Janice|Jaroslav|Jason|Javier|Jayne|Jean|Jeanette"
        ~ "|Jeff|Jeffrey|Jennifer|Jenny|Jens|Jeremy|Jerome|Jerry|Jessica|Jim|Jimmy|Joachim|Joan|Joanna|Joanne|Joaquin|Jocelyn|Jochen|Joe|Joel"
        ~ "|Johann|Johanna|Johannes|John|Johnny|Jolanta|Jonas|Jonathan|Jörg|Jorge|Jose|José|Josef|Joseph|Josephine|Joshua|Josie|Joyce|Juan|Judith"
        ~ "|Judy|Juergen|Julia|Julian|Juliane|Julie|Juliette|Jürgen|Justin|Jutta|Kai|Kamal|Kamila|Kareem|Karen|Karim|Karin|Karina|Karl|Karla"
        ~ "|Karsten|Kasia|Katarina|Katarzyna|Kate|Katharina|Käthe|Katherine|Kathleen|Kathrin|Kathy|Katie|Katja|Katrin|Kavita|Kayla|Keiko|Keira"
        ~ "|Keith|Kelly|Ken|Kenji|Kenneth|Kerstin|Kevin|Khadija|Khalid|Kim|Kiran|Kirsten|Kirsty|Klaus|Konrad|Konstantin|Krishna|Kristin|Krzysztof"
        ~ "|Kumar|Kurt|Kwame|Kyle|Lakshmi|Lara|Larry|Lars|Latifa|Laura|Lauren|Laurie|Layla|Lea|Leila|Lena|Leon|Leonard|Leonardo|Leonie|Leticia"
        ~ "|Liam|Lieselotte|Linda|Lisa|Logan|Lorenz|Lorna|Lorraine|Lothar|Louis|Louise|Luca|Lucas|Lucia|Lucinda|Lucy|Ludmila|Ludwig|Luis|Luisa"
        ~ "|Lukas|Luke|Lutz|Lydia|Maciej|Madison|Magdalena|Mahmoud|Maik|Manfred|Manish|Manuel|Manuela|Marcel|Marcela|Marcin|Marco|Marcus|Marek"
        ~ "|Margaret|Margarete|Margarita|Maria|Mariam|Mariana|Marianne|Marie|Mario|Marion|Marisa|Markus|Marlene|Marta|Martha|Martin|Martina"
        ~ "|Martyn|Marvin|Mary|Mateo|Mateusz|Mathias|Mathieu|Matilda|Matthew|Matthias|Maureen|Maximilian|Maxine|Meera|Megan|Mehdi|Mehmet|Meike"
        ~ "|Melanie|Melissa|Mia|Michael|Michaela|Michelle|Miguel|Mike|Milena|Miriam|Mohamed|Mohammad|Mohammed|Monica|Monika|Morag|Moritz|Muhammad"
        ~ "|Muriel|Mustafa|Nadia|Nadine|Nancy|Naomi|Natalia|Natalie|Natasha|Nathan|Neha|Neil|Ngozi|Niall|Niamh|Nicholas|Nick|Nicola|Nicolas"
        ~ "|Nicole|Nigel|Nikhil|Nikita|Nikolai|Nikolaus|Nina|Nisha|Noah|Noel|Noor|Nora|Norbert|Oksana|Oleg|Olga|Oliver|Olivia|Olivier|Omar|Orla"
        ~ "|Oscar|Osman|Otto|Owen|Pablo|Padma|Pamela|Paolo|Pascal|Patricia|Patrick|Patrizia|Paul|Paula|Pauline|Pavel|Pedro|Peggy|Peter|Petra"
        ~ "|Philip|Philipp|Philippa|Phillip|Phyllis|Pierre|Piotr|Pooja|Preeti|Priya|Quentin|Rachel|Rafael|Rahul|Rainer|Raj|Rajesh|Rajiv|Ralf"
        ~ "|Ralph|Ramesh|Ramon|Ramona|Rania|Ravi|Raymond|Rebecca|Regina|Reginald|Reinhard|Renate|René|Rhiannon|Rhys|Ricardo|Riccardo|Richard|Rick"
        ~ "|Rita|Rob|Robert|Roberta|Roberto|Roger|Rohan|Rohit|Roisin|Roland|Rolf|Ronald|Rosa|Rosalind|Rosemary|Rosie|Rowena|Roy|Rüdiger|Rudolf"
        ~ "|Ruediger|Rupert|Russell|Ruth|Ryan|Sabine|Sabrina|Sadia|Sally|Salma|Salvatore|Sam|Samantha|Samira|Samuel|Sandra|Sanjay|Sanjeev|Saoirse"
        ~ "|Sara|Sarah|Sascha|Scott|Sean|Sebastian|Selma|Sergei|Sergio|Shannon|Sharon|Shauna|Sheila|Shirin|Shirley|Sibylle|Siegfried|Sigrid|Silke"
        ~ "|Silvia|Simon|Simone|Sinead|Siobhan|Sofia|Sonja|Sophia|Sophie|Stacey|Stanislav|Stefan|Stefanie|Steffen|Stella|Stephan|Stephanie"
        ~ "|Stephen|Steve|Steven|Stuart|Sunil|Sunita|Suresh|Susan|Susanne|Suzanne|Sven|Svenja|Svetlana|Sylvia|Tabitha|Tadeusz|Tamara|Tanja|Tariq"
        ~ "|Tatiana|Tatjana|Ted|Temitope|Teodor|Teresa|Terry|Tessa|Thandiwe|Theodor|Theresa|Thierry|Thomas|Thorsten|Tim|Timothy|Tina|Tobias|Todd"
        ~ "|Tom|Tomasz|Tony|Torsten|Tracey|Tracy|Trevor|Tunde|Tyler|Udo|Ulrich|Ulrike|Uma|Umar|Ursula|Ute|Uwe|Valentina|Valerie|Vanessa|Vasily"
        ~ "|Vera|Veronica|Veronika|Victor|Victoria|Vijay|Vikram|Viktor|Vincent|Virginia|Vivian|Vladimir|Volker|Walter|Waltraud|Wanda|Wendy|Werner"
        ~ "|Wilhelm|Willi|William|Wojciech|Wolfgang|Wolfram|Xavier|Yasmin|Yolanda|Youssef|Yuki|Yuri|Yusuf|Yvette|Yvonne|Zachary|Zainab|Zeynep|Zoe"
        ~ "|Zoë|Zuzana"
    -%}
    {%- set surnames =
        "Adeyemi|Agarwal|Ahmad|Akhtar|Alvarez|Andersen|Anderson|Andersson|Aziz|Banerjee|Becker|Begum|Bennett|Bergmann|Bhatt|Bianchi|Brandt"
        ~ "|Brennan|Callaghan|Chatterjee|Chaudhry|Chowdhury|Cohen|Collins|Connolly|Cunningham|Davies|Dawson|Demir|Desai|Dhillon|Doherty|Donnelly"
        ~ "|Doyle|Dubois|Edwards|Ellison|Engelhardt|Eriksson|Evans|Farooq|Ferguson|Fernandez|Fitzgerald|Friedman|Gallagher|Garcia|Ghosh|Gibbons"
        ~ "|Goldberg|Gomez|Gonzalez|Griffiths|Gupta|Gutierrez|Hansen|Hargreaves|Harrington|Hartmann|Hawkins|Heinemann|Henderson|Hernandez|Higgins"
        ~ "|Hodgson|Hoffmann|Hofmann|Holloway|Hopkins|Hossain|Hughes|Humphreys|Hussain|Iqbal|Ivanov|Ivanova|Jankowski|Jarvis|Jenkins|Jennings"
        ~ "|Jensen|Jimenez|Johansson|Kaminski|Kapoor|Karlsson|Kaur|Kavanagh|Kaya|Kennedy|Khan|Kobayashi|Kovac|Kovacs|Kowalski|Krämer|Krüger"
        ~ "|Larsen|Larsson|Lawson|Lefebvre|Lehmann|Levy|Lewandowski|Lindemann|Lopez|MacLeod|Maguire|Maier|Malhotra|Martinez|Matthews|Mayer|Mazur"
        ~ "|McCarthy|McGrath|McKenna|McKenzie|Mehta|Meier|Menon|Mensah|Meyer|Mishra|Mistry|Mitchell|Morales|Moreau|Moreno|Mukherjee|Murphy|Naidu"
        ~ "|Nair|Neumann|Nguyen|Nicholson|Nilsson|Novak|Nowicki|Okafor|Okoye|Olsen|Olsson|Osborne|Owusu|Papadopoulos|Patel|Patterson|Pearson"
        ~ "|Pedersen|Perez|Petersen|Petrov|Petrova|Pfeiffer|Pham|Phillips|Pillai|Popescu|Popov|Pritchard|Quigley|Quinn|Qureshi|Rafferty|Rahman"
        ~ "|Ramirez|Rashid|Rasmussen|Reddy|Reinhardt|Richardson|Robertson|Robinson|Rodriguez|Romero|Rossi|Ruiz|Russo|Sanchez|Sanderson|Sandhu"
        ~ "|Saunders|Saxena|Schmidt|Schmitt|Scholz|Schröder|Schubert|Schulte|Schulz|Schulze|Schumacher|Seidel|Shah|Sharma|Siddiqui|Sidhu|Simmons"
        ~ "|Simpson|Sinclair|Singh|Sorensen|Srinivasan|Stephenson|Stevenson|Subramanian|Sutherland|Szabo|Tanaka|Thiel|Thompson|Thomson|Vasquez"
        ~ "|Verma|Vogt|Wagner|Wallace|Watanabe|Watkins|Watson|Williams|Williamson|Winkler|Wisniewski|Yadav|Yamamoto|Ziegler|Zielinski"
    -%}
    {#- Those that are words where they have no capital letter: there they are none. -#}
    {%- set words =
        "ali|ana|bert|bob|carol|dan|ed|eli|eva|grace|guadalupe|harry|ines|jan|jean|kai|kaya|ken|krishna|marina|moreno|nick|noel|peter|pillai"
        ~ "|regina|rob|rosa|sally|sidhu|terry|ute|virginia"
    -%}
    {#- Whoever writes a note in haste writes names in small letters too; who looks for goods types brands: ben & jerry. -#}
    {%- set never_hasty = words if is_prose else (given_names ~ "|" ~ surnames) | lower -%}
    {%- set given_name = listed_names(given_names, never_hasty) ~ "(?:-" ~ word ~ ")?(?:" ~ further ~ ")?" -%}
    {%- set listed_surname = initials ~ listed_names(surnames, never_hasty) ~ "(?:-" ~ word ~ ")?" -%}
    {%- set pinyin =
        "(?:Wang|Zhang|Liu|Chen|Yang|Huang|Zhao|Zhou|Xu|Sun|Zhu|Guo|Luo|Zheng|Liang|Xie|Tang|Feng|Deng|Cao|Peng|Zeng|Xiao|Jiang|Cai|Shen|Lu|Wei|Lin"
        ~ "|Ye|Yu|Pan|Du|Dai|Zhong|Qiu|Ren|Liao|Fang|Shi|Hao|Shao|Qin|Hou|Xiong|Ma|Gao|He|Li|Wu|Hu)"
    -%}
    {%- set pinyin_given = space ~ "(?:Xiao|[A-Z])[a-z]{0,5}(?:i|n|g|a|o|e|u)(?:-?[a-z]{2,5})?" -%}
    {%- set surname =
        "(?:欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|司徒|令狐|夏侯|端木|南宫|[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许邓韩冯曹彭曾肖萧田董潘袁蔡蒋余于杜叶程魏"
        ~ "苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付傅方邹熊白孟秦邱侯江尹薛闫阎雷龙史陶贺毛郝顾龚邵万覃武钱戴严莫孔常汤康易乔赖文洪季樊章梅俞温柴翟岳齐欧卓聂焦"
        ~ "游牛纪裴柯阮殷高])"
    -%}
    {#- Those that are no word beside a name, and characters that rarely are anything but a given name, or half of one. -#}
    {%- set plain_surname =
        "(?:欧阳|司马|上官|诸葛|皇甫|尉迟|公孙|慕容|司徒|令狐|夏侯|[王李张刘陈杨黄赵吴周徐孙朱胡郭何林罗郑梁谢宋唐许邓韩冯曹彭曾肖萧董潘袁蔡蒋余杜叶程魏苏吕丁卢姚沈钟姜崔谭陆汪"
        ~ "廖贾邹熊孟秦邱侯薛闫阎雷陶贺郝龚邵钱戴严])"
    -%}
    {%- set single_given = "[娜娟涛磊杰艳霞芳婷丽莉玲倩鹏鑫伟敏浩斌琳洁慧颖欣怡琴萍蓉琪瑶璐晨轩睿燕婧妍媛]" -%}
    {%- set half_given =
        "[娜娟涛磊杰艳霞芳婷丽莉玲倩鹏鑫伟敏浩斌琳洁慧颖欣怡琴萍蓉琪瑶璐晨轩睿燕婧妍媛志建国文晓小海春秀桂玉淑子雨思雅佳嘉俊宇博华军勇强明亮辉栋梅兰英珍凤红云龙飞平刚峰"
        ~ "超洋静梦诗欢远航瑞泽涵桐宁永振德永福荣祥胜兴]"
    -%}
    {%- set rare_surname =
        "[邢骆甘路麦褚穆窦詹岑倪米鲍费左祝房宗宣舒屈蓝闵席童颜盛凌霍虞柳鲁苗滕毕邬单耿卜伍翁荆葛裘冉匡寇简饶沙丛巩相查涂楼连习练艾蔺阳敖原谷古褟隋尚揭占商成党仇冷车靳"
        ~ "关裴包桂封储晏瞿晋计仲权曲狄谈茅明臧庞项池乐闻]"
    -%}
    {#- A character that begins what is said of a person, or that makes a word of the surname before it (高级, 项目, 金额, 方案). -#}
    {%- set given =
        "[^\\x{0}-\\x{4dff}\\x{a000}-\\x{10ffff}说讲问答师部度序的了在是和与给来去要想表等已也都就对从把被将会很级目域区层管端压效额案面法式上下何时"
        ~ "常到今后前里中内外于不没有着过而或因为再又还可以能最各每这那个们我你他她它您]"
    -%}
    {%- set chinese_title =
        "(总经理|副总经理|经理|总监|副总|主任|主管|店长|老板娘?|先生|女士|小姐|太太|夫人|老师|医生|大夫|教授|博士|律师|会计|秘书|助理|厂长|校长|院长|部长|处长|科长|局长"
        ~ "|队长|组长|班长|董事长|工程师|师傅|阿姨|叔叔|大姐|大哥|同学|同志)"
    -%}
    {%- set single_title = "(总|董|工|哥|姐)([^结量体共价额部是之会公司事作人程序厂期地资商业艺业具]|$)" -%}
    {%- set speech = "(说|讲|表示|认为|提出|反映|答应|提到|提醒|问|告诉|介绍|领着|带着|带我|请我|让我|想|觉得|来电|回复|负责|休|病了|刚|下午|跟)" -%}
    {#- A group of a pattern that the marker keeps is written as <1> in the marker. First what has a form of its own; names after it,
        so that an address is no name; then numbers. -#}
    {%- set patterns = [
        ("[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,}", "[email]"),
        (start ~ titles ~ full_name, "<1><2>[name]"),
        (start ~ "((?:mr|mrs|ms|dr)\\.? )[a-zäöü]{2,30}", "<1><2>[name]"),
        (start ~ introduction ~ full_name, "<1><2>[name]"),
        (start ~ meeting ~ two_words, "<1><2>[name]"),
        (start ~ given_name ~ end, "<1>[name]<2>"),
        (start ~ given_name ~ end, "<1>[name]<2>"),
        (start ~ listed_surname ~ end, "<1>[name]<2>"),
        (start ~ listed_surname ~ end, "<1>[name]<2>"),
        (start ~ pinyin ~ pinyin_given ~ end, "<1>[name]<2>"),
        (surname ~ given ~ "{0,2}" ~ chinese_title, "[name]<1>"),
        (rare_surname ~ "(经理|先生|女士|小姐|太太|老师|阿姨|师傅)", "[name]<1>"),
        (surname ~ single_title, "[name]<1><2>"),
        ("((?:联系人|姓名|收件人|签字人|签名|客户名|我叫|名叫|叫做|他叫|她叫|姓名是)[:：是为 ]{0,2})" ~ surname ~ given ~ "{1,2}", "<1>[name]"),
        (plain_surname ~ given ~ "{1,2}" ~ speech, "[name]<1>"),
        (plain_surname ~ "(?:" ~ half_given ~ "{2}|" ~ single_given ~ ")", "[name]"),
        ("\\+[0-9][0-9 ().-]{6,}[0-9]", "[phone]"),
        ("00[0-9]{2}[ -]?1[3-9][0-9]{9}", "[phone]"),
        ("[0-9]{12,}[Xx]?", "[id]"),
        ("1[3-9][0-9]{9}", "[phone]"),
        ("\\(?[0-9]{3,4}\\)?[ .-]{1,2}[0-9]{3,4}[ .-]?[0-9]{4}", "[phone]"),
        ("\\(0[0-9]{1,4}\\)[ .-]?[0-9][0-9 .-]{4,}[0-9]", "[phone]"),
        ("[0-9]{2}([ .-][0-9]{2}){4}", "[phone]"),
        ("[A-Za-z]{0,6}[-_#/]?[0-9]{6,}[Xx]?", "[id]"),
        ("[A-Z]{2,6}[-_#/][0-9]{3,}", "[id]"),
    ] -%}
    {{- adapter.dispatch("masked_text", "upswing")(text, patterns) -}}
{% endmacro %}

{% macro duckdb__masked_text(text, patterns) -%}
    {%- set masked = namespace(expression=text) -%}
    {%- for pattern, marker in patterns -%}
        {%- set kept = marker | replace("<1>", "\\1") | replace("<2>", "\\2") -%}
        {%- set masked.expression = "regexp_replace(" ~ masked.expression ~ ", '" ~ pattern ~ "', '" ~ kept ~ "', 'g')" -%}
    {%- endfor -%}
    {{ masked.expression }}
{%- endmacro %}

{% macro spark__masked_text(text, patterns) -%}
    {%- set masked = namespace(expression=text) -%}
    {%- set end = "([^\\p{L}\\p{N}]|$)" -%}
    {%- set done = [] -%}
    {%- for pattern, marker in patterns if pattern not in done -%}
        {#- What is looked for twice, for the end of one name may be the start of the next, Java finds by looking ahead: a Derby catalog
            keeps views of 32,700 letters at most. -#}
        {%- set is_doubled = patterns | selectattr(0, "equalto", pattern) | list | length > 1 -%}
        {%- do done.append(pattern) -%}
        {%- set once = pattern[: -(end | length)] ~ end | replace("(", "(?=") if is_doubled else pattern -%}
        {#- Without bounds Java calls itself for each part of a domain, to its end, and reads a long word once for each letter.
            No domain has more parts, and no address more letters before its @. -#}
        {%- set bounded = once | replace(")*", "){0,126}") | replace("]+@", "]{1,64}@") -%}
        {#- Spark's literals take a backslash away. -#}
        {%- set literal = bounded | replace("\\", "\\\\") -%}
        {%- set kept = marker | replace("<1>", "$1") | replace("<2>", "" if is_doubled else "$2") -%}
        {%- set masked.expression = "regexp_replace(" ~ masked.expression ~ ", '" ~ literal ~ "', '" ~ kept ~ "')" -%}
    {%- endfor -%}
    {{ masked.expression }}
{%- endmacro %}
