package output

// Made with the formatters of awscli 2.9, ruamel.yaml 0.17 and libyaml. A case
// without one of the two is one that shows nothing new in it.
var shapeCases = []struct {
	name, document, query string
	columns               int // of the terminal
	yaml, table           string
	noYAML, noTable       bool
}{
	{
		name: "accounts", document: `{"accountList":[{"accountId":"111111111111","accountName":"Payer","emailAddress":"payer@example.com"},{"accountId":"222222222222","accountName":"Über <dev> & \"test\"","emailAddress":"d@example.com"}]}`, query: "",
		yaml: `accountList:
- accountId: '111111111111'
  accountName: Payer
  emailAddress: payer@example.com
- accountId: '222222222222'
  accountName: Über <dev> & "test"
  emailAddress: d@example.com
`,
		table: `----------------------------------------------------------------
|                         ListAccounts                         |
+--------------------------------------------------------------+
||                         accountList                        ||
|+--------------+-----------------------+---------------------+|
||   accountId  |      accountName      |    emailAddress     ||
|+--------------+-----------------------+---------------------+|
||  111111111111|  Payer                |  payer@example.com  ||
||  222222222222|  Über <dev> & "test"  |  d@example.com      ||
|+--------------+-----------------------+---------------------+|
`,
	},
	{
		name: "accounts, wide", document: `{"accountList":[{"accountId":"111111111111","accountName":"Payer","emailAddress":"payer@example.com"},{"accountId":"222222222222","accountName":"Über <dev> & \"test\"","emailAddress":"d@example.com"}]}`, query: "", columns: 200, noYAML: true,
		table: `----------------------------------------------------------------
|                         ListAccounts                         |
+--------------------------------------------------------------+
||                         accountList                        ||
|+--------------+-----------------------+---------------------+|
||   accountId  |      accountName      |    emailAddress     ||
|+--------------+-----------------------+---------------------+|
||  111111111111|  Payer                |  payer@example.com  ||
||  222222222222|  Über <dev> & "test"  |  d@example.com      ||
|+--------------+-----------------------+---------------------+|
`,
	},
	{
		name: "no accounts", document: `{"accountList":[]}`, query: "",
		yaml: `accountList: []
`,
		table: `--------------
|ListAccounts|
+------------+
`,
	},
	{
		name: "absent members", document: `{"accountList":[{"accountId":"1","accountName":"a"},{"accountId":"2","emailAddress":"e"},{"accountId":"3","accountName":null}]}`, query: "",
		yaml: `accountList:
- accountId: '1'
  accountName: a
- accountId: '2'
  emailAddress: e
- accountId: '3'
  accountName: null
`,
		table: `------------------------------------------------
|                 ListAccounts                 |
+----------------------------------------------+
||                 accountList                ||
|+-----------+---------------+----------------+|
|| accountId |  accountName  | emailAddress   ||
|+-----------+---------------+----------------+|
||  1        |  a            |                ||
||  2        |               |  e             ||
||  3        |  None         |                ||
|+-----------+---------------+----------------+|
`,
	},
	{
		name: "credentials", document: `{"roleCredentials":{"accessKeyId":"ASIA","secretAccessKey":"s/+","sessionToken":"t==","expiration":1786752000123}}`, query: "",
		yaml: `roleCredentials:
  accessKeyId: ASIA
  expiration: 1786752000123
  secretAccessKey: s/+
  sessionToken: t==
`,
		table: `-----------------------------------------------------------------------
|                            ListAccounts                             |
+---------------------------------------------------------------------+
||                          roleCredentials                          ||
|+-------------+-----------------+-------------------+---------------+|
|| accessKeyId |   expiration    |  secretAccessKey  | sessionToken  ||
|+-------------+-----------------+-------------------+---------------+|
||  ASIA       |  1786752000123  |  s/+              |  t==          ||
|+-------------+-----------------+-------------------+---------------+|
`,
	},
	{
		name: "credentials, turned", document: `{"roleCredentials":{"accessKeyId":"ASIA","secretAccessKey":"s/+","sessionToken":"tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt==","expiration":1786752000123}}`, query: "",
		yaml: `roleCredentials:
  accessKeyId: ASIA
  expiration: 1786752000123
  secretAccessKey: s/+
  sessionToken: tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt==
`,
		table: `-----------------------------------------------------------------------------------------
|                                     ListAccounts                                      |
+---------------------------------------------------------------------------------------+
||                                   roleCredentials                                   ||
|+-----------------+-------------------------------------------------------------------+|
||  accessKeyId    |  ASIA                                                             ||
||  expiration     |  1786752000123                                                    ||
||  secretAccessKey|  s/+                                                              ||
||  sessionToken   |  tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt==   ||
|+-----------------+-------------------------------------------------------------------+|
`,
	},
	{
		name: "credentials, wide enough", document: `{"roleCredentials":{"accessKeyId":"ASIA","secretAccessKey":"s/+","sessionToken":"tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt==","expiration":1786752000123}}`, query: "", columns: 130, noYAML: true,
		table: `-------------------------------------------------------------------------------------------------------------------------
|                                                     ListAccounts                                                      |
+-----------------------------------------------------------------------------------------------------------------------+
||                                                   roleCredentials                                                   ||
|+-------------+----------------+------------------+-------------------------------------------------------------------+|
|| accessKeyId |  expiration    | secretAccessKey  |                           sessionToken                            ||
|+-------------+----------------+------------------+-------------------------------------------------------------------+|
||  ASIA       |  1786752000123 |  s/+             |  tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt==   ||
|+-------------+----------------+------------------+-------------------------------------------------------------------+|
`,
	},
	{
		name: "identity", document: `{"UserId":"AROA:alice","Account":"111111111111","Arn":"arn:aws:sts::111111111111:assumed-role/r/alice"}`, query: "",
		yaml: `Account: '111111111111'
Arn: arn:aws:sts::111111111111:assumed-role/r/alice
UserId: AROA:alice
`,
		table: `---------------------------------------------------------------
|                        ListAccounts                         |
+---------+---------------------------------------------------+
|  Account|  111111111111                                     |
|  Arn    |  arn:aws:sts::111111111111:assumed-role/r/alice   |
|  UserId |  AROA:alice                                       |
+---------+---------------------------------------------------+
`,
	},
	{
		name: "identity, turned", document: `{"UserId":"AROA:alice","Account":"111111111111","Arn":"arn:aws:sts::111111111111:assumed-role/r/alice"}`, query: "", columns: 40, noYAML: true,
		table: `---------------------------------------------------------------
|                        ListAccounts                         |
+---------+---------------------------------------------------+
|  Account|  111111111111                                     |
|  Arn    |  arn:aws:sts::111111111111:assumed-role/r/alice   |
|  UserId |  AROA:alice                                       |
+---------+---------------------------------------------------+
`,
	},
	{
		name: "instances", document: `{"Instances":[{"InstanceArn":"arn:aws:sso:::instance/ssoins-1","CreatedDate":"2020-09-13T12:26:40.123000+00:00","Status":"ACTIVE","Regions":[{"Name":"us-east-1","Primary":true},{"Name":"eu-west-1","Primary":false}]},{"InstanceArn":"arn:aws:sso:::instance/ssoins-2","Status":"ACTIVE","Regions":[]}]}`, query: "",
		yaml: `Instances:
- CreatedDate: '2020-09-13T12:26:40.123000+00:00'
  InstanceArn: arn:aws:sso:::instance/ssoins-1
  Regions:
  - Name: us-east-1
    Primary: true
  - Name: eu-west-1
    Primary: false
  Status: ACTIVE
- InstanceArn: arn:aws:sso:::instance/ssoins-2
  Regions: []
  Status: ACTIVE
`,
		table: `-------------------------------------------------------
|                    ListAccounts                     |
+-----------------------------------------------------+
||                     Instances                     ||
|+--------------+------------------------------------+|
||  CreatedDate |  2020-09-13T12:26:40.123000+00:00  ||
||  InstanceArn |  arn:aws:sso:::instance/ssoins-1   ||
||  Status      |  ACTIVE                            ||
|+--------------+------------------------------------+|
|||                     Regions                     |||
||+--------------------------+----------------------+||
|||           Name           |       Primary        |||
||+--------------------------+----------------------+||
|||  us-east-1               |  True                |||
|||  eu-west-1               |  False               |||
||+--------------------------+----------------------+||
||                     Instances                     ||
|+--------------+------------------------------------+|
||  CreatedDate |                                    ||
||  InstanceArn |  arn:aws:sso:::instance/ssoins-2   ||
||  Status      |  ACTIVE                            ||
|+--------------+------------------------------------+|
`,
	},
	{
		name: "instances, turned", document: `{"Instances":[{"InstanceArn":"arn:aws:sso:::instance/ssoins-1","CreatedDate":"2020-09-13T12:26:40.123000+00:00","Status":"ACTIVE","Regions":[{"Name":"us-east-1","Primary":true},{"Name":"eu-west-1","Primary":false}]},{"InstanceArn":"arn:aws:sso:::instance/ssoins-2","Status":"ACTIVE","Regions":[]}]}`, query: "", columns: 60, noYAML: true,
		table: `-------------------------------------------------------
|                    ListAccounts                     |
+-----------------------------------------------------+
||                     Instances                     ||
|+--------------+------------------------------------+|
||  CreatedDate |  2020-09-13T12:26:40.123000+00:00  ||
||  InstanceArn |  arn:aws:sso:::instance/ssoins-1   ||
||  Status      |  ACTIVE                            ||
|+--------------+------------------------------------+|
|||                     Regions                     |||
||+--------------------------+----------------------+||
|||           Name           |       Primary        |||
||+--------------------------+----------------------+||
|||  us-east-1               |  True                |||
|||  eu-west-1               |  False               |||
||+--------------------------+----------------------+||
||                     Instances                     ||
|+--------------+------------------------------------+|
||  CreatedDate |                                    ||
||  InstanceArn |  arn:aws:sso:::instance/ssoins-2   ||
||  Status      |  ACTIVE                            ||
|+--------------+------------------------------------+|
`,
	},
	{
		name: "empty", document: "{}", query: "",
		yaml:  "",
		table: "",
	},
	{
		name: "nothing selected", document: `{"a":1}`, query: "b",
		yaml: `null
`,
		table: "",
	},
	{
		name: "string selected", document: `{"a":"x"}`, query: "a",
		yaml: `"x"
`,
		table: `--------------
|ListAccounts|
+------------+
`,
	},
	{
		name: "number selected", document: `{"a":3}`, query: "a",
		yaml: `3
`,
		table: `--------------
|ListAccounts|
+------------+
`,
	},
	{
		name: "zero selected", document: `{"a":0}`, query: "a",
		yaml: `0
`,
		table: "",
	},
	{
		name: "false selected", document: `{"a":false}`, query: "a",
		yaml: `false
`,
		table: "",
	},
	{
		name: "empty string selected", document: `{"a":""}`, query: "a",
		yaml: `""
`,
		table: "",
	},
	{
		name: "empty list selected", document: `{"a":[]}`, query: "a",
		yaml: `[]
`,
		table: "",
	},
	{
		name: "empty object selected", document: `{"a":{}}`, query: "a",
		yaml:  "",
		table: "",
	},
	{
		name: "ids", document: `{"accountList":[{"accountId":"111111111111","accountName":"Payer","emailAddress":"payer@example.com"},{"accountId":"222222222222","accountName":"Über <dev> & \"test\"","emailAddress":"d@example.com"}]}`, query: "accountList[].accountId",
		yaml: `- '111111111111'
- '222222222222'
`,
		table: `------------------
|  ListAccounts  |
+----------------+
|  111111111111  |
|  222222222222  |
+----------------+
`,
	},
	{
		name: "rows", document: `{"accountList":[{"accountId":"111111111111","accountName":"Payer","emailAddress":"payer@example.com"},{"accountId":"222222222222","accountName":"Über <dev> & \"test\"","emailAddress":"d@example.com"}]}`, query: "accountList[].[accountName,accountId]",
		yaml: `- - Payer
  - '111111111111'
- - Über <dev> & "test"
  - '222222222222'
`,
		table: `-----------------------------------------
|             ListAccounts              |
+----------------------+----------------+
|  Payer               |  111111111111  |
|  Über <dev> & "test" |  222222222222  |
+----------------------+----------------+
`,
	},
	{
		name: "chosen names", document: `{"accountList":[{"accountId":"111111111111","accountName":"Payer","emailAddress":"payer@example.com"},{"accountId":"222222222222","accountName":"Über <dev> & \"test\"","emailAddress":"d@example.com"}]}`, query: "accountList[].{name: accountName, id: accountId}",
		yaml: `- id: '111111111111'
  name: Payer
- id: '222222222222'
  name: Über <dev> & "test"
`,
		table: `-----------------------------------------
|             ListAccounts              |
+---------------+-----------------------+
|      id       |         name          |
+---------------+-----------------------+
|  111111111111 |  Payer                |
|  222222222222 |  Über <dev> & "test"  |
+---------------+-----------------------+
`,
	},
	{
		name: "rows with null", document: `{"l":[{"a":"1"},{"a":"2","b":"x"}]}`, query: "l[].[a,b]",
		yaml: `- - '1'
  - null
- - '2'
  - x
`,
		table: `---------------
|ListAccounts |
+----+--------+
|  1 |  None  |
|  2 |  x     |
+----+--------+
`,
	},
	{
		name: "scalars of all kinds", document: `{"z":null,"b":false,"a":true,"n":3,"f":1.5,"s":"","e":1e16,"m":-0.0,"t":1e-5,"big":1786752000123}`, query: "",
		yaml: `a: true
b: false
big: 1786752000123
e: 1e+16
f: 1.5
m: -0.0
n: 3
s: ''
t: 1e-05
z: null
`,
		table: `--------------------------
|      ListAccounts      |
+------+-----------------+
|  a   |  True           |
|  b   |  False          |
|  big |  1786752000123  |
|  e   |  1e+16          |
|  f   |  1.5            |
|  m   |  -0.0           |
|  n   |  3              |
|  s   |                 |
|  t   |  1e-05          |
|  z   |  None           |
+------+-----------------+
`,
	},
	{
		name: "nested", document: `{"Zed":"z","Tags":[{"Key":"k","Value":"v"},{"Key":"k2"}],"Inner":{"b":1,"a":{"deep":[1,2]}},"Names":["x","y"]}`, query: "",
		yaml: `Inner:
  a:
    deep:
    - 1
    - 2
  b: 1
Names:
- x
- y
Tags:
- Key: k
  Value: v
- Key: k2
Zed: z
`,
		table: `--------------------
|   ListAccounts   |
+----------+-------+
|  Zed     |  z    |
+----------+-------+
||      Inner     ||
|+-------+--------+|
||  b    |  1     ||
|+-------+--------+|
|||       a      |||
||+--------------+||
||||    deep    ||||
|||+------------+|||
||||  1         ||||
||||  2         ||||
|||+------------+|||
||      Names     ||
|+----------------+|
||  x             ||
||  y             ||
|+----------------+|
||      Tags      ||
|+------+---------+|
||  Key |  Value  ||
|+------+---------+|
||  k   |  v      ||
||  k2  |         ||
|+------+---------+|
`,
	},
	{
		name: "only nested", document: `{"Outer":{"Inner":{"a":1,"b":2}}}`, query: "",
		yaml: `Outer:
  Inner:
    a: 1
    b: 2
`,
		table: `----------------
| ListAccounts |
+--------------+
||    Outer   ||
|+------------+|
|||   Inner  |||
||+----+-----+||
|||  a |  b  |||
||+----+-----+||
|||  1 |  2  |||
||+----+-----+||
`,
	},
	{
		name: "empties inside", document: `{"a":{},"b":[],"c":[{}],"d":[[]],"e":[{},""]}`, query: "",
		yaml: `a: {}
b: []
c:
- {}
d:
- []
e:
- {}
- ''
`,
		table: `--------------
|ListAccounts|
+------------+
||     c    ||
||     d    ||
||     e    ||
`,
	},
	{
		name: "lists of lists", document: `{"l":[["a","b"],["c","d"],[["e","f"],["g","h"]]],"m":[[[1,2],[3,[4,5]]]]}`, query: "l",
		yaml: `- - a
  - b
- - c
  - d
- - - e
    - f
  - - g
    - h
`,
		table: `--------------
|ListAccounts|
+-----+------+
|  a  |  b   |
|  c  |  d   |
|  e  |  f   |
|  g  |  h   |
+-----+------+
`,
	},
	{
		name: "deep lists", document: `{"m":[[[1,[2]],{"k":[3,{"j":[]}]}]]}`, query: "@",
		yaml: `m:
- - - 1
    - - 2
  - k:
    - 3
    - j: []
`,
		table: `--------------
|ListAccounts|
+------------+
||     m    ||
|+----------+|
||  1       ||
||  2       ||
||  k       ||
|+----------+|
`,
	},
	{
		name: "lists of objects with lists", document: `{"l":[{"a":"1","l":["x","y"]},{"a":"2","l":[]},{"b":"3","l":[{"c":1}]}]}`, query: "",
		yaml: `l:
- a: '1'
  l:
  - x
  - y
- a: '2'
  l: []
- b: '3'
  l:
  - c: 1
`,
		table: `--------------
|ListAccounts|
+------------+
||     l    ||
|+----+-----+|
||  a |  b  ||
|+----+-----+|
||  1 |     ||
|+----+-----+|
|||    l   |||
||+--------+||
|||  x     |||
|||  y     |||
||+--------+||
||     l    ||
|+----+-----+|
||  a |  b  ||
|+----+-----+|
||  2 |     ||
|+----+-----+|
||     l    ||
|+----+-----+|
||  a |  b  ||
|+----+-----+|
||    |  3  ||
|+----+-----+|
|||    l   |||
||+--------+||
|||    c   |||
||+--------+||
|||  1     |||
||+--------+||
`,
	},
	{
		name: "objects in a list of lists", document: `{"l":[[[{"a":1,"b":[1]},{"a":2,"b":[2]}]]]}`, query: "l",
		yaml: `- - - a: 1
      b:
      - 1
    - a: 2
      b:
      - 2
`,
		table: `--------------
|ListAccounts|
+------------+
|      a     |
+------------+
|  1         |
+------------+
||     b    ||
|+----------+|
||  1       ||
|+----------+|
+------------+
|      a     |
+------------+
|  2         |
+------------+
||     b    ||
|+----------+|
||  2       ||
|+----------+|
`,
	},
	{
		name: "object after a string", document: `{"l":["x",{"only":1}]}`, query: "",
		yaml: `l:
- x
- only: 1
`,
		table: `--------------
|ListAccounts|
+------------+
||     l    ||
|+----------+|
||  x       ||
||  only    ||
|+----------+|
`,
	},
	{
		name: "scalar and list in one column", document: `{"l":[{"a":"1"},{"a":["x",1,null,true,{"k":"v's"}]}]}`, query: "",
		yaml: `l:
- a: '1'
- a:
  - x
  - 1
  - null
  - true
  - k: v's
`,
		table: `------------------------------------------
|              ListAccounts              |
+----------------------------------------+
||                   l                  ||
|+--------------------------------------+|
||                   a                  ||
|+--------------------------------------+|
||  1                                   ||
|+--------------------------------------+|
|||                  a                 |||
||+------------------------------------+||
||                   l                  ||
|+--------------------------------------+|
||                   a                  ||
|+--------------------------------------+|
||  ['x', 1, None, True, {'k': "v's"}]  ||
|+--------------------------------------+|
|||                  a                 |||
||+------------------------------------+||
|||  x                                 |||
|||  1                                 |||
|||  None                              |||
|||  True                              |||
|||  k                                 |||
||+------------------------------------+||
`,
	},
	{
		name: "one member", document: `{"Url":"https://example.com","Tags":{"k":"v"}}`, query: "",
		yaml: `Tags:
  k: v
Url: https://example.com
`,
		table: `--------------------------------
|         ListAccounts         |
+-----+------------------------+
|  Url|  https://example.com   |
+-----+------------------------+
||            Tags            ||
|+-------------+--------------+|
||  k          |  v           ||
|+-------------+--------------+|
`,
	},
	{
		name: "unicode", document: `{"l":[{"Name":"日本語","Note":"é ±"},{"Name":"😀 smile","Note":"é"}]}`, query: "",
		yaml: `l:
- Name: 日本語
  Note: é ±
- Name: "\U0001F600 smile"
  Note: é
`,
		table: `-------------------------
|     ListAccounts      |
+-----------------------+
||          l          ||
|+-----------+---------+|
||   Name    |  Note   ||
|+-----------+---------+|
||  日本語   |  é ±  ||
||  😀 smile |  é    ||
|+-----------+---------+|
`,
	},
	{
		name: "long cell", document: `{"l":[{"a":"word word word word word word word word word word word word word word word word word word word word","b":"y"},{"a":"z","b":"y"}]}`, query: "",
		yaml: `l:
- a: word word word word word word word word word word word word word word word word
    word word word word
  b: y
- a: z
  b: y
`,
		table: `----------------------------------------------------------------------------------------------------------------
|                                                 ListAccounts                                                 |
+--------------------------------------------------------------------------------------------------------------+
||                                                      l                                                     ||
|+-------------------------------------------------------------------------------------------------------+----+|
||                                                   a                                                   | b  ||
|+-------------------------------------------------------------------------------------------------------+----+|
||  word word word word word word word word word word word word word word word word word word word word  |  y ||
||  z                                                                                                    |  y ||
|+-------------------------------------------------------------------------------------------------------+----+|
`,
	},
	{
		name: "no room for padding", document: `{"l":[{"a":"1","b":"22","c":"22","d":"22"}]}`, query: "",
		yaml: `l:
- a: '1'
  b: '22'
  c: '22'
  d: '22'
`,
		table: `---------------------------
|      ListAccounts       |
+-------------------------+
||           l           ||
|+--+------+------+------+|
|| a|  b   |  c   |  d   ||
|+--+------+------+------+|
||1 |  22  |  22  |  22  ||
|+--+------+------+------+|
`,
	},
	{
		name: "breaks in a cell", document: `{"a":"l1\nl2","b":"x\ty"}`, query: "",
		yaml: `a: 'l1

  l2'
b: "x\ty"
`,
		table: "------------------\n|  ListAccounts  |\n+--------+-------+\n|    a   |   b   |\n+--------+-------+\n|  l1\nl2 |  x\ty  |\n+--------+-------+\n",
	},
	{
		name: "empty name", document: `{"":{"a":1,"b":2},"x":1}`, query: "",
		yaml: `'':
  a: 1
  b: 2
x: 1
`,
		table: `--------------
|ListAccounts|
+-----+------+
|  x  |  1   |
+-----+------+
|+----+-----+|
||  a |  b  ||
|+----+-----+|
||  1 |  2  ||
|+----+-----+|
`,
	},
	{
		name: "selected twice", document: `{"a":{"l":[1,2],"e":[]},"s":"x"}`, query: "[a, a.l, a, a.l, s, s]", noTable: true,
		yaml: `- &id002
  e: []
  l: &id001
  - 1
  - 2
- *id001
- *id002
- *id001
- x
- x
`,
	},
	{
		name: "look like other things", document: `{"l": ["123", "0x1f", "0o17", "017", "08", "1_000", "-1", "+1", "1.5", "1e3", ".5", "1.", "-.inf", ".nan", "true", "False", "null", "~", "2020-09-13", "2020-09-13T12:26:40.123000+00:00", "2020-9-3 1:02:03", "=", "<<", "", "_1", "+", ".", "0b12", "0xfg", "1e", ".1e5", "1:20", "yes", "No", "on", "y", "tRUE", "2020-9-3", "v1"]}`, query: "l", noTable: true,
		yaml: `- '123'
- '0x1f'
- '0o17'
- '017'
- '08'
- '1_000'
- '-1'
- '+1'
- '1.5'
- '1e3'
- '.5'
- '1.'
- '-.inf'
- '.nan'
- 'true'
- 'False'
- 'null'
- '~'
- '2020-09-13'
- '2020-09-13T12:26:40.123000+00:00'
- '2020-9-3 1:02:03'
- '='
- '<<'
- ''
- _1
- +
- .
- 0b12
- 0xfg
- 1e
- .1e5
- 1:20
- yes
- No
- on
- y
- tRUE
- 2020-9-3
- v1
`,
	},
	{
		name: "need quotes", document: "{\"l\": [\"-\", \"- a\", \"-a\", \"--- x\", \"---\", \"...\", \"?\", \"? a\", \"?a\", \":\", \"a:\", \"a: b\", \"a:b\", \":a\", \"#\", \"a #b\", \"a#b\", \"'a\", \"it's\", \"\\\"a\\\"\", \"a\\\"b\", \"[a\", \"a]\", \"{a\", \"a, b\", \",\", \"&a\", \"*a\", \"!a\", \"|\", \"> a\", \"%a\", \"@a\", \"`a\", \"a\\\\b\", \" a\", \"a \", \"a  b\", \" \"]}", query: "l", noTable: true,
		yaml: "- '-'\n- '- a'\n- -a\n- '--- x'\n- '---'\n- '...'\n- '?'\n- '? a'\n- ?a\n- ':'\n- 'a:'\n- 'a: b'\n- a:b\n- :a\n- '#'\n- 'a #b'\n- a#b\n- '''a'\n- it's\n- '\"a\"'\n- a\"b\n- '[a'\n- a]\n- '{a'\n- a, b\n- ','\n- '&a'\n- '*a'\n- '!a'\n- '|'\n- '> a'\n- '%a'\n- '@a'\n- '`a'\n- a\\b\n- ' a'\n- 'a '\n- a  b\n- ' '\n",
	},
	{
		name: "breaks", document: "{\"l\": [\"a\\nb\", \"a\\n\", \"\\na\", \"a\\n\\nb\", \"a \\nb\", \"a\\n b\", \"a\\rb\", \"a\\r\\nb\", \"a\u2028b\", \"a\u0085b\", \"\\n\", \"a\\nit's\\n\"]}", query: "l", noTable: true,
		yaml: "- 'a\n\n  b'\n- 'a\n\n  '\n- '\n\n  a'\n- 'a\n\n\n  b'\n- \"a \\nb\"\n- \"a\\n b\"\n- \"a\\rb\"\n- \"a\\r\\nb\"\n- 'a\u2028  b'\n- \"a\\Nb\"\n- '\n\n  '\n- 'a\n\n  it''s\n\n  '\n",
	},
	{
		name: "not printable", document: "{\"l\": [\"\\t\", \"\\u0000\", \"\\u0007\\b\\u000b\\f\\u001b\", \"\x7f\", \"\u0080\", \"\u00a0\", \"\ufeff\", \"\ue000\", \"�\", \"\uffff\", \"é日本\", \"😀\", \"a\\tb\\\"\\\\\"]}", query: "l", noTable: true,
		yaml: "- \"\\t\"\n- \"\\0\"\n- \"\\a\\b\\v\\f\\e\"\n- \"\\x7F\"\n- \"\\x80\"\n- \u00a0\n- \"\\uFEFF\"\n- \ue000\n- �\n- \"\\uFFFF\"\n- é日本\n- \"\\U0001F600\"\n- \"a\\tb\\\"\\\\\"\n",
	},
	{
		name: "long", document: `{"l": ["word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word end", "it's word word word word word word word word word word word word word word word word word word word word word word word word word word word word word word end: x", "\tword word word word word word word word word word word word word word word word word word word word word word word word word word word word word word end", "\tword  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  end", "word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  end", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx yyyyyyyyy", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y z", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y z", "日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 x", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  y z"]}`, query: "", noTable: true,
		yaml: `l:
- word word word word word word word word word word word word word word word word
  word word word word word word word word word word word word word word end
- 'it''s word word word word word word word word word word word word word word word
  word word word word word word word word word word word word word word word end:
  x'
- "\tword word word word word word word word word word word word word word word word
  word word word word word word word word word word word word word word end"
- "\tword  word  word  word  word  word  word  word  word  word  word  word  word
  \ word  word  word  word  word  word  word  word  word  word  word  word  word  word
  \ word  word  word  end"
- word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  word  end
- xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
- xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
  yyyyyyyyy
- xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
  y z
- xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y
  z
- 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本
  日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 日本 x
- '''xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  y
  z'
`,
	},
	{
		name: "names", document: `{"names": {"123": 1, "true": 2, "": 3, "a b": 4, "a: b": 5, "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk": 6, "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk": 7, "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé": 8, "ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé": [9, [10]], "m\nn": {"a": 1}, "\t": 11, "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz": {}, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy": "s", "l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l x": 12}}`, query: "names", noTable: true,
		yaml: `'': 3
"\t": 11
'123': 1
a b: 4
'a: b': 5
kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: 6
? kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
: 7
? l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l
  l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l l
  x
: 12
? 'm

  n'
: a: 1
'true': 2
? yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
: s
? zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz
: {}
éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé: 8
? ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé
: - 9
  - - 10
`,
	},
	{
		name: "deep and long", document: `{"a": [{"b": {"c": ["word word word word word word word word word word word word word word word word word word word word x", {"d": "word word word word word word word word word word word word word word word word word word word word 'x"}]}}]}`, query: "", noTable: true,
		yaml: `a:
- b:
    c:
    - word word word word word word word word word word word word word word word word
      word word word word x
    - d: word word word word word word word word word word word word word word word
        word word word word word 'x
`,
	},
}

// What {"a":1,"t":[{"k":"v","n":null}]} looks like in colour.
const colouredTable = "-----------------\n| ListAccounts  |\n+------+--------+\n|  \x1b[1m\x1b[34ma\x1b[0m   |  \x1b[1m\x1b[34m1\x1b[0m     |\n+------+--------+\n\x1b[2m\x1b[33m|\x1b[0m|      t      |\x1b[2m\x1b[33m|\x1b[0m\n\x1b[2m\x1b[33m|\x1b[0m+----+--------+\x1b[2m\x1b[33m|\x1b[0m\n\x1b[2m\x1b[33m|\x1b[0m|  k |   n    |\x1b[2m\x1b[33m|\x1b[0m\n\x1b[2m\x1b[33m|\x1b[0m+----+--------+\x1b[2m\x1b[33m|\x1b[0m\n\x1b[2m\x1b[33m|\x1b[0m|  \x1b[1m\x1b[34mv\x1b[0m |  \x1b[1m\x1b[34mNone\x1b[0m  |\x1b[2m\x1b[33m|\x1b[0m\n\x1b[2m\x1b[33m|\x1b[0m+----+--------+\x1b[2m\x1b[33m|\x1b[0m\n"

var streamCases = []struct{ document, query, stream string }{
	{`{"accountList":[{"accountId":"111111111111","accountName":"Payer","emailAddress":"payer@example.com"},{"accountId":"222222222222","accountName":"Über <dev> & \"test\"","emailAddress":"d@example.com"}]}`, "", `- accountList:
  - accountId: '111111111111'
    accountName: Payer
    emailAddress: payer@example.com
  - accountId: '222222222222'
    accountName: Über <dev> & "test"
    emailAddress: d@example.com
`},
	{"{}", "", ""},
	{`{"a":1}`, "b", `- null
`},
	{`{"a":{}}`, "a", ""},
	{`{"a":[1,[2]]}`, "a", `- - 1
  - - 2
`},
	{`{"a":"x"}`, "a", `- x
`},
}
