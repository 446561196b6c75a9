package output

// Made with the formatters and the JMESPath of awscli 2.9, which are the ones
// of today for these formats.
var formatCases = []struct {
	name, document, query string
	json, text            string
}{
	{
		name: "accounts", document: `{"accountList":[{"accountId":"111111111111","accountName":"Payer","emailAddress":"payer@example.com"},{"accountId":"222222222222","accountName":"Über <dev> & \"test\"","emailAddress":"d@example.com"}]}`, query: "",
		json: `{
    "accountList": [
        {
            "accountId": "111111111111",
            "accountName": "Payer",
            "emailAddress": "payer@example.com"
        },
        {
            "accountId": "222222222222",
            "accountName": "Über <dev> & \"test\"",
            "emailAddress": "d@example.com"
        }
    ]
}
`,
		text: `ACCOUNTLIST	111111111111	Payer	payer@example.com
ACCOUNTLIST	222222222222	Über <dev> & "test"	d@example.com
`,
	},
	{
		name: "absent members", document: `{"accountList":[{"accountId":"1","accountName":"a"},{"accountId":"2","emailAddress":"e"},{"accountId":"3","accountName":null}]}`, query: "",
		json: `{
    "accountList": [
        {
            "accountId": "1",
            "accountName": "a"
        },
        {
            "accountId": "2",
            "emailAddress": "e"
        },
        {
            "accountId": "3",
            "accountName": null
        }
    ]
}
`,
		text: `ACCOUNTLIST	1	a	
ACCOUNTLIST	2		e
ACCOUNTLIST	3	None	
`,
	},
	{
		name: "no accounts", document: `{"accountList":[]}`, query: "",
		json: `{
    "accountList": []
}
`,
		text: "",
	},
	{
		name: "credentials", document: `{"roleCredentials":{"accessKeyId":"ASIA","secretAccessKey":"s/+","sessionToken":"t==","expiration":1786752000123}}`, query: "",
		json: `{
    "roleCredentials": {
        "accessKeyId": "ASIA",
        "secretAccessKey": "s/+",
        "sessionToken": "t==",
        "expiration": 1786752000123
    }
}
`,
		text: `ROLECREDENTIALS	ASIA	1786752000123	s/+	t==
`,
	},
	{
		name: "identity", document: `{"UserId":"AROA:alice","Account":"111111111111","Arn":"arn:aws:sts::111111111111:assumed-role/r/alice"}`, query: "",
		json: `{
    "UserId": "AROA:alice",
    "Account": "111111111111",
    "Arn": "arn:aws:sts::111111111111:assumed-role/r/alice"
}
`,
		text: `111111111111	arn:aws:sts::111111111111:assumed-role/r/alice	AROA:alice
`,
	},
	{
		name: "empty", document: "{}", query: "",
		json: "",
		text: "",
	},
	{
		name: "nothing selected", document: `{"a":1}`, query: "b",
		json: `null
`,
		text: `None
`,
	},
	{
		name: "empty object selected", document: `{"a":{}}`, query: "a",
		json: "",
		text: "",
	},
	{
		name: "empty list selected", document: `{"a":[]}`, query: "a",
		json: `[]
`,
		text: "",
	},
	{
		name: "scalar", document: `{"a":"x"}`, query: "a",
		json: `"x"
`,
		text: `x
`,
	},
	{
		name: "number", document: `{"a":1786752000123}`, query: "a",
		json: `1786752000123
`,
		text: `1786752000123
`,
	},
	{
		name: "float", document: `{"a":[1.0,0.1,1e16,1e15,1e-5,0.0001,-2.5e-10,1e100]}`, query: "",
		json: `{
    "a": [
        1.0,
        0.1,
        1e+16,
        1000000000000000.0,
        1e-05,
        0.0001,
        -2.5e-10,
        1e+100
    ]
}
`,
		text: `A	1.0
A	0.1
A	1e+16
A	1000000000000000.0
A	1e-05
A	0.0001
A	-2.5e-10
A	1e+100
`,
	},
	{
		name: "true", document: `{"a":true}`, query: "a",
		json: `true
`,
		text: `True
`,
	},
	{
		name: "scalars of all kinds", document: `{"z":null,"b":false,"a":true,"n":3,"f":1.5,"s":""}`, query: "",
		json: `{
    "z": null,
    "b": false,
    "a": true,
    "n": 3,
    "f": 1.5,
    "s": ""
}
`,
		text: `True	False	1.5	3		None
`,
	},
	{
		name: "column of ids", document: `{"accountList":[{"accountId":"1","accountName":"a"},{"accountId":"2","accountName":"b"}]}`, query: "accountList[].accountId",
		json: `[
    "1",
    "2"
]
`,
		text: `1	2
`,
	},
	{
		name: "rows", document: `{"accountList":[{"accountId":"1","accountName":"a"},{"accountId":"2","accountName":"b"}]}`, query: "accountList[].[accountName,accountId]",
		json: `[
    [
        "a",
        "1"
    ],
    [
        "b",
        "2"
    ]
]
`,
		text: `a	1
b	2
`,
	},
	{
		name: "chosen names", document: `{"accountList":[{"accountId":"1","accountName":"a"},{"accountId":"2","accountName":"b"}]}`, query: "accountList[].{name: accountName, id: accountId}",
		json: `[
    {
        "name": "a",
        "id": "1"
    },
    {
        "name": "b",
        "id": "2"
    }
]
`,
		text: `1	a
2	b
`,
	},
	{
		name: "rows with null", document: `{"l":[{"a":"1"},{"a":"2","b":"x"}]}`, query: "l[].[a,b]",
		json: `[
    [
        "1",
        null
    ],
    [
        "2",
        "x"
    ]
]
`,
		text: `1	None
2	x
`,
	},
	{
		name: "nested", document: `{"Zed":"z","Tags":[{"Key":"k","Value":"v"},{"Key":"k2"}],"Inner":{"b":1,"a":{"deep":[1,2]}},"Names":["x","y"]}`, query: "",
		json: `{
    "Zed": "z",
    "Tags": [
        {
            "Key": "k",
            "Value": "v"
        },
        {
            "Key": "k2"
        }
    ],
    "Inner": {
        "b": 1,
        "a": {
            "deep": [
                1,
                2
            ]
        }
    },
    "Names": [
        "x",
        "y"
    ]
}
`,
		text: `z
INNER	1
DEEP	1
DEEP	2
NAMES	x
NAMES	y
TAGS	k	v
TAGS	k2	
`,
	},
	{
		name: "only nested", document: `{"Outer":{"Inner":{"a":1}}}`, query: "",
		json: `{
    "Outer": {
        "Inner": {
            "a": 1
        }
    }
}
`,
		text: `INNER	1
`,
	},
	{
		name: "lists of lists", document: `{"l":[["a","b"],["c"],[],"d"]}`, query: "",
		json: `{
    "l": [
        [
            "a",
            "b"
        ],
        [
            "c"
        ],
        [],
        "d"
    ]
}
`,
		text: `L	d
L	a
L	b
L	c
`,
	},
	{
		name: "lists of lists, no tag", document: `{"l":[["a","b"],["c"],[["d","e"]],"f"]}`, query: "l",
		json: `[
    [
        "a",
        "b"
    ],
    [
        "c"
    ],
    [
        [
            "d",
            "e"
        ]
    ],
    "f"
]
`,
		text: `f
a	b
c
d	e
`,
	},
	{
		name: "objects with lists", document: `{"l":[{"a":"1","l":["x","y"]},{"a":"2","l":[]},{"b":"3"}]}`, query: "",
		json: `{
    "l": [
        {
            "a": "1",
            "l": [
                "x",
                "y"
            ]
        },
        {
            "a": "2",
            "l": []
        },
        {
            "b": "3"
        }
    ]
}
`,
		text: `L	1	
L	x
L	y
L	2	
L		3
`,
	},
	{
		name: "scalar and list in one column", document: `{"l":[{"a":"1"},{"a":["x",1,null,true,{"k":"v's"}]}]}`, query: "",
		json: `{
    "l": [
        {
            "a": "1"
        },
        {
            "a": [
                "x",
                1,
                null,
                true,
                {
                    "k": "v's"
                }
            ]
        }
    ]
}
`,
		text: `L	1
L	['x', 1, None, True, {'k': "v's"}]
`,
	},
	{
		name: "tabs and newlines", document: `{"a":"x\ty","b":"l1\nl2"}`, query: "",
		json: `{
    "a": "x\ty",
    "b": "l1\nl2"
}
`,
		text: `x	y	l1
l2
`,
	},
	{
		name: "escapes", document: `{"a":"\b\f\n\r\t\u0001\u001f\"\\/<>&'\u2028é😀"}`, query: "",
		json: `{
    "a": "\b\f\n\r\t\u0001\u001f\"\\/<>&' é😀"
}
`,
		text: "\b\f\n\r\t\u0001\u001f\"\\/<>&' é😀\n",
	},
	{
		name: "empties inside", document: `{"a":{},"b":[],"c":[{}],"d":[[]]}`, query: "",
		json: `{
    "a": {},
    "b": [],
    "c": [
        {}
    ],
    "d": [
        []
    ]
}
`,
		text: "",
	},
	{
		name: "keys of an object", document: `{"o":{"z":1,"a":2,"m":3}}`, query: "keys(o)",
		json: `[
    "z",
    "a",
    "m"
]
`,
		text: `z	a	m
`,
	},
	{
		name: "values of an object", document: `{"o":{"z":1,"a":2,"m":3}}`, query: "o.*",
		json: `[
    1,
    2,
    3
]
`,
		text: `1	2	3
`,
	},
}

const queryDocument = `{"z":1,"a":"x","list":[{"n":"b","v":2,"when":"2020-01-01"},{"n":"a","v":10.5,"when":"2021"},{"n":"c","v":null}],"o":{"q":[1,2,3],"b":{"c":true}},"nums":[3,1,2],"mixed":[1,"a",null],"big":1786752000123,"s":"hé😀llo","empty":{},"el":[],"f":2.0}`

// Either a result, or a problem that Compile finds, or what goes wrong later.
var queryCases = []struct{ expression, result, problem, failure string }{
	{expression: "*", result: `[1,"x",[{"n":"b","v":2,"when":"2020-01-01"},{"n":"a","v":10.5,"when":"2021"},{"n":"c","v":null}],{"q":[1,2,3],"b":{"c":true}},[3,1,2],[1,"a",null],1786752000123,"h\u00e9\ud83d\ude00llo",{},[],2.0]`},
	{expression: "o.*", result: `[[1,2,3],{"c":true}]`},
	{expression: "keys(@)", result: `["z","a","list","o","nums","mixed","big","s","empty","el","f"]`},
	{expression: "values(o)", result: `[[1,2,3],{"c":true}]`},
	{expression: "list[*].{v: v, n: n}", result: `[{"v":2,"n":"b"},{"v":10.5,"n":"a"},{"v":null,"n":"c"}]`},
	{expression: `list[].{"z z": n, a: v, z: @}`, result: `[{"z z":"b","a":2,"z":{"n":"b","v":2,"when":"2020-01-01"}},{"z z":"a","a":10.5,"z":{"n":"a","v":10.5,"when":"2021"}},{"z z":"c","a":null,"z":{"n":"c","v":null}}]`},
	{expression: "list[?when > '2020-06'].n", result: `["a"]`},
	{expression: "list[?when < '2020-06'].n", result: `["b"]`},
	{expression: "list[?v >= `2`].n", result: `["b","a"]`},
	{expression: "sort_by(list[:2], &v)[].n", result: `["b","a"]`},
	{expression: "sort_by(list, &n)[].n", result: `["a","b","c"]`},
	{expression: "max_by(list, &n)", result: `{"n":"c","v":null}`},
	{expression: "min_by(list, &n).n", result: `"a"`},
	{expression: "big", result: "1786752000123"},
	{expression: "{x: big, y: f}", result: `{"x":1786752000123,"y":2.0}`},
	{expression: "sum(nums)", result: "6"},
	{expression: "sum(`[1, 2.5]`)", result: "3.5"},
	{expression: "avg(nums)", result: "2.0"},
	{expression: "avg(`[]`)", result: "null"},
	{expression: "to_string(@)", result: `"{\"z\":1,\"a\":\"x\",\"list\":[{\"n\":\"b\",\"v\":2,\"when\":\"2020-01-01\"},{\"n\":\"a\",\"v\":10.5,\"when\":\"2021\"},{\"n\":\"c\",\"v\":null}],\"o\":{\"q\":[1,2,3],\"b\":{\"c\":true}},\"nums\":[3,1,2],\"mixed\":[1,\"a\",null],\"big\":1786752000123,\"s\":\"h\\u00e9\\ud83d\\ude00llo\",\"empty\":{},\"el\":[],\"f\":2.0}"`},
	{expression: "to_string(o)", result: `"{\"q\":[1,2,3],\"b\":{\"c\":true}}"`},
	{expression: "to_string(f)", result: `"2.0"`},
	{expression: "to_string(s)", result: `"h\u00e9\ud83d\ude00llo"`},
	{expression: "length(s)", result: "6"},
	{expression: "reverse(s)", result: `"oll\ud83d\ude00\u00e9h"`},
	{expression: "reverse(nums)", result: "[2,1,3]"},
	{expression: "ceil(`1.5`)", result: "2"},
	{expression: "floor(`-1.5`)", result: "-2"},
	{expression: "abs(`-3`)", result: "3"},
	{expression: "abs(`-3.5`)", result: "3.5"},
	{expression: "merge(o, `{\"b\": 1, \"x\": 2}`)", result: `{"q":[1,2,3],"b":1,"x":2}`},
	{expression: "`{\"b\": 1, \"a\": [1.0, 2, 1e3]}`", result: `{"b":1,"a":[1.0,2,1000.0]}`},
	{expression: "`foo`", result: `"foo"`},
	{expression: "`\"foo\"`", result: `"foo"`},
	{expression: "'it\\'s'", result: `"it's"`},
	{expression: "nums[::-1]", result: "[2,1,3]"},
	{expression: "nums[1:]", result: "[1,2]"},
	{expression: "nums[-2:]", result: "[1,2]"},
	{expression: "nums[:5:2]", result: "[3,2]"},
	{expression: "nums[5:0:-2]", result: "[2]"},
	{expression: "nums[::0]", failure: "slice step cannot be zero"},
	{expression: "list[0].n || `\"none\"`", result: `"b"`},
	{expression: "list[9].n || 'none'", result: `"none"`},
	{expression: "empty || el || z", result: "1"},
	{expression: "z && a", result: `"x"`},
	{expression: "!z", result: "false"},
	{expression: "!el", result: "true"},
	{expression: "!empty", result: "true"},
	{expression: "`0` == `false`", result: "false"},
	{expression: "`1` == `1.0`", result: "true"},
	{expression: "contains(s, 'h')", result: "true"},
	{expression: "contains(nums, `3`)", result: "true"},
	{expression: "not_null(q, el, z)", result: "[]"},
	{expression: "not_null()", failure: "Expected at least 1 argument for function not_null(), received 0"},
	{expression: "type(o)", result: `"object"`},
	{expression: "map(&n, list)", result: `["b","a","c"]`},
	{expression: "map(&[n, v], list)", result: `[["b",2],["a",10.5],["c",null]]`},
	{expression: "to_number('12')", result: "12"},
	{expression: "to_number('1.5')", result: "1.5"},
	{expression: "to_number('x')", result: "null"},
	{expression: "to_number(' 7 ')", result: "7"},
	{expression: "to_array(z)", result: "[1]"},
	{expression: "to_array(nums)", result: "[3,1,2]"},
	{expression: "join(',', list[].n)", result: `"b,a,c"`},
	{expression: "starts_with(a, 'x')", result: "true"},
	{expression: "ends_with(a, 'y')", result: "false"},
	{expression: "nope(@)", failure: "Unknown function: nope()"},
	{expression: "length(z)", failure: `In function length(), invalid type for value: 1, expected one of: ['string', 'array', 'object'], received: "number"`},
	{expression: "length()", failure: "Expected 1 argument for function length(), received 0"},
	{expression: "length(a, a)", failure: "Expected 1 argument for function length(), received 2"},
	{expression: "a.", problem: "Expecting: ['quoted_identifier', 'unquoted_identifier', 'lbracket', 'lbrace'], got: eof: Parse error at column 2, token \"\" (EOF), for expression:\n\"a.\"\n   ^"},
	{expression: "a[", problem: "Invalid jmespath expression: Incomplete expression:\n\"a[\"\n   ^"},
	{expression: "a[?", problem: "Invalid jmespath expression: Incomplete expression:\n\"a[?\"\n    ^"},
	{expression: "a[?b", problem: "Invalid jmespath expression: Incomplete expression:\n\"a[?b\"\n     ^"},
	{expression: "a[?b=='c'", problem: "Invalid jmespath expression: Incomplete expression:\n\"a[?b=='c'\"\n          ^"},
	{expression: "{a", problem: "Invalid jmespath expression: Incomplete expression:\n\"{a\"\n   ^"},
	{expression: "{a:", problem: "Invalid jmespath expression: Incomplete expression:\n\"{a:\"\n    ^"},
	{expression: "{a: b", problem: "Invalid jmespath expression: Incomplete expression:\n\"{a: b\"\n      ^"},
	{expression: "{a: b,", problem: "Invalid jmespath expression: Incomplete expression:\n\"{a: b,\"\n       ^"},
	{expression: "{1: b}", problem: "Expecting: ['quoted_identifier', 'unquoted_identifier'], got: number: Parse error at column 1, token \"1\" (NUMBER), for expression:\n\"{1: b}\"\n  ^"},
	{expression: "[a, b", problem: "Invalid jmespath expression: Incomplete expression:\n\"[a, b\"\n      ^"},
	{expression: "[a,]", problem: "invalid token: Parse error at column 3, token \"]\" (RBRACKET), for expression:\n\"[a,]\"\n    ^"},
	{expression: "foo bar", problem: "Unexpected token: bar: Parse error at column 4, token \"bar\" (UNQUOTED_IDENTIFIER), for expression:\n\"foo bar\"\n     ^"},
	{expression: "foo(", problem: "Invalid jmespath expression: Incomplete expression:\n\"foo(\"\n     ^"},
	{expression: "foo(a,)", failure: "Unknown function: foo()"},
	{expression: "foo(a b)", failure: "Unknown function: foo()"},
	{expression: `"foo"(a)`, problem: "Quoted identifier not allowed for function names.: Parse error at column 0, token \"(\" (LPAREN), for expression:\n\"\"foo\"(a)\"\n ^"},
	{expression: "@(a)", problem: "Invalid function name '@': Parse error at column 0, token \"@\" (CURRENT), for expression:\n\"@(a)\"\n ^"},
	{expression: "'unclosed", problem: "Bad jmespath expression: Unclosed ' delimiter:\n'unclosed\n^"},
	{expression: "`unclosed", problem: "Bad jmespath expression: Unclosed ` delimiter:\n`unclosed\n^"},
	{expression: `"unclosed`, problem: "Bad jmespath expression: Unclosed \" delimiter:\n\"unclosed\n^"},
	{expression: "`{bad`", result: `"{bad"`},
	{expression: "a = b", problem: "Bad jmespath expression: Unknown token '=':\na = b\n  ^"},
	{expression: "a == ", problem: "Invalid jmespath expression: Incomplete expression:\n\"a == \"\n      ^"},
	{expression: "#", problem: "Bad jmespath expression: Unknown token #:\n#\n^"},
	{expression: "a & b", problem: "Unexpected token: &: Parse error at column 2, token \"&\" (EXPREF), for expression:\n\"a & b\"\n   ^"},
	{expression: "a | ", problem: "Invalid jmespath expression: Incomplete expression:\n\"a | \"\n     ^"},
	{expression: "| a", problem: "invalid token: Parse error at column 0, token \"|\" (PIPE), for expression:\n\"| a\"\n ^"},
	{expression: "é", problem: "Bad jmespath expression: Unknown token é:\né\n^"},
	{expression: "list[*].v | [0]", result: "2"},
	{expression: "list[*].v[0]", result: "[]"},
	{expression: "list[].o.*.x", result: "[]"},
	{expression: "o.*[]", result: `[1,2,3,{"c":true}]`},
	{expression: "o.*[0]", result: "[1]"},
	{expression: "*.*", result: `[[[1,2,3],{"c":true}],[]]`},
	{expression: "[*]", result: "null"},
	{expression: "[]", result: "null"},
	{expression: "[0]", result: "null"},
	{expression: "[?a]", result: "null"},
	{expression: "list[?n == 'a' || n == 'b'].v", result: "[2,10.5]"},
	{expression: "list[?!(n == 'a')].n", result: `["b","c"]`},
	{expression: "list[?contains(n, 'a')]", result: `[{"n":"a","v":10.5,"when":"2021"}]`},
	{expression: "(list)[0].n", result: `"b"`},
	{expression: "list.n", result: "null"},
	{expression: "nums[0:2].x", result: "[]"},
	{expression: "mixed[?@ == `1`]", result: "[1]"},
	{expression: "sort(nums)", result: "[1,2,3]"},
	{expression: "sort(list[].n)", result: `["a","b","c"]`},
	{expression: "max(nums)", result: "3"},
	{expression: "max(`[\"a\",\"b\"]`)", result: `"b"`},
	{expression: "min(`[]`)", result: "null"},
	{expression: "-", problem: "Bad jmespath expression: Unknown token '-':\n-\n^"},
	{expression: "a[-]", problem: "Bad jmespath expression: Unknown token '-':\na[-]\n  ^"},
	{expression: "a[1", problem: "Invalid jmespath expression: Incomplete expression:\n\"a[1\"\n    ^"},
	{expression: "a[1:2:3:4]", problem: "syntax error: Parse error at column 7, token \":\" (COLON), for expression:\n\"a[1:2:3:4]\"\n        ^"},
	{expression: "a[b]", problem: "Expecting: star, got: unquoted_identifier: Parse error at column 2, token \"b\" (UNQUOTED_IDENTIFIER), for expression:\n\"a[b]\"\n   ^"},
	{expression: "a.[b, c]", result: "[null,null]"},
	{expression: "@.{a: a, b: z}", result: `{"a":"x","b":1}`},
	{expression: "@.a", result: `"x"`},
	{expression: "a.@", problem: "Expecting: ['quoted_identifier', 'unquoted_identifier', 'lbracket', 'lbrace'], got: current: Parse error at column 2, token \"@\" (CURRENT), for expression:\n\"a.@\"\n   ^"},
	{expression: "a.*.b", result: "null"},
	{expression: "a..b", problem: "Expecting: ['quoted_identifier', 'unquoted_identifier', 'lbracket', 'lbrace'], got: dot: Parse error at column 2, token \".\" (DOT), for expression:\n\"a..b\"\n   ^"},
	{expression: ".a", problem: "invalid token: Parse error at column 0, token \".\" (DOT), for expression:\n\".a\"\n ^"},
	{expression: "*a", problem: "Unexpected token: a: Parse error at column 1, token \"a\" (UNQUOTED_IDENTIFIER), for expression:\n\"*a\"\n  ^"},
	{expression: "a*", problem: "invalid token: Parse error at column 1, token \"*\" (STAR), for expression:\n\"a*\"\n  ^"},
	{expression: "[a][0]", result: `"x"`},
	{expression: "list[0].*", result: `["b",2,"2020-01-01"]`},
	{expression: "list[*].*", result: `[["b",2,"2020-01-01"],["a",10.5,"2021"],["c"]]`},
	{expression: "list[?v].n", result: `["b","a"]`},
	{expression: " a  .  z ", result: "null"},
	{expression: "z.a", result: "null"},
	{expression: "o == o", result: "true"},
	{expression: "o == `{\"b\":{\"c\":true},\"q\":[1,2,3]}`", result: "true"},
	{expression: "o == `{\"b\":{\"c\":true}}`", result: "false"},
	{expression: "o == z", result: "false"},
	{expression: "nums == `[3,1,2]`", result: "true"},
	{expression: "nums == `[3,1]`", result: "false"},
	{expression: "nums == o", result: "false"},
	{expression: "a == nums", result: "false"},
	{expression: "a == 'x'", result: "true"},
	{expression: "a != 'x'", result: "false"},
	{expression: "nope == `null`", result: "true"},
	{expression: "list[0] == list[1]", result: "false"},
	{expression: "list[?v == `2`][]", result: `[{"n":"b","v":2,"when":"2020-01-01"}]`},
	{expression: "list[?v][n]", result: `[["b"],["a"]]`},
	{expression: "list[?n == 'zz']", result: "[]"},
	{expression: "z < f", result: "true"},
	{expression: "f > z", result: "true"},
	{expression: "f <= f", result: "true"},
	{expression: "z >= `1.0`", result: "true"},
	{expression: "a > `null`", result: "null"},
	{expression: "length(o)", result: "2"},
	{expression: "length(nums)", result: "3"},
	{expression: "not_null(nope)", result: "null"},
	{expression: "not_null(nope, `null`)", result: "null"},
	{expression: "abs(`[\"it's\", \"\\\"q\\\"\", null, true, 1.5, \"a\\nb\\tc\\u0001\\u200b\\ud83d\\ude00\\\\\", {\"k\": []}]`)", failure: `In function abs(), invalid type for value: ["it's", '"q"', None, True, 1.5, 'a\nb\tc\x01\u200b😀\\', {'k': []}], expected one of: ['number'], received: "array"`},
	{expression: "abs(`{\"it's\": \"x\\\"y'z\"}`)", failure: `In function abs(), invalid type for value: {"it's": 'x"y\'z'}, expected one of: ['number'], received: "object"`},
	{expression: "avg(o)", failure: `In function avg(), invalid type for value: {'q': [1, 2, 3], 'b': {'c': True}}, expected one of: ['array-number'], received: "object"`},
	{expression: "map(&abs(@), `[-1, \"x\"]`)", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "sort_by(list, &abs(n))", failure: `In function abs(), invalid type for value: b, expected one of: ['number'], received: "string"`},
	{expression: "max_by(list, &abs(n))", failure: `In function abs(), invalid type for value: b, expected one of: ['number'], received: "string"`},
	{expression: "list[?abs(n)]", failure: `In function abs(), invalid type for value: b, expected one of: ['number'], received: "string"`},
	{expression: "list[?n].abs(@)", failure: `In function abs(), invalid type for value: {'n': 'b', 'v': 2, 'when': '2020-01-01'}, expected one of: ['number'], received: "object"`},
	{expression: "[abs(a)]", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "{x: abs(a)}", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "abs(a) || z", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "abs(a) && z", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "!abs(a)", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "abs(a) == z", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "z == abs(a)", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "abs(a)[]", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "abs(a).*", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "abs(a)[*]", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "length(abs(a))", failure: `In function abs(), invalid type for value: x, expected one of: ['number'], received: "string"`},
	{expression: "list[*]foo", problem: "Unexpected token: foo: Parse error at column 7, token \"foo\" (UNQUOTED_IDENTIFIER), for expression:\n\"list[*]foo\"\n        ^"},
	{expression: "list[*](", problem: "syntax error: Parse error at column 7, token \"(\" (LPAREN), for expression:\n\"list[*](\"\n        ^"},
	{expression: "foo.(a)", problem: "Expecting: ['quoted_identifier', 'unquoted_identifier', 'lbracket', 'lbrace'], got: lparen: Parse error at column 4, token \"(\" (LPAREN), for expression:\n\"foo.(a)\"\n     ^"},
	{expression: "`{\"a\":1}`.a", result: "1"},
	{expression: "`[1,2]`[0]", result: "1"},
	{expression: "o.q[?@ > `1`] | [0]", result: "2"},
	{expression: "z.a.b.c", result: "null"},
	{expression: "nope.*", result: "null"},
	{expression: "nope[]", result: "null"},
	{expression: "nope[*]", result: "null"},
	{expression: "nope[?a]", result: "null"},
	{expression: "nope[0:1]", result: "null"},
	{expression: "nope.{a: a}", result: "null"},
	{expression: "nope.[a]", result: "null"},
	{expression: "z[0:1]", result: "null"},
	{expression: "[z, a][]", result: `[1,"x"]`},
	{expression: "((((z))))", result: "1"},
}
