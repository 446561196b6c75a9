"""Answers what an installed AWS CLI (version 2) makes of command lines.

Questions come on stdin, one JSON object a line, and so do the answers.
"""
import base64
import datetime
import io
import json
import random
import sys

import awscli
from awscli.argprocess import ParamError
from awscli.clidriver import CLIOperationCaller, create_clidriver
from awscli.customizations.binaryformat import Base64DecodeVisitor
from awscli.customizations.generatecliskeleton import YAMLArgumentGenerator, _Bytes
from awscli.customizations.paginate import get_paginator_config
from awscli.customizations.utils import get_shape_doc_overview
from awscli.shorthand import ModelVisitor, ShorthandParser
from awscli.utils import json_encoder
from botocore import validate, xform_name
from botocore.exceptions import ParamValidationError
from botocore.utils import ArgumentGenerator, parse_to_aware_datetime
from ruamel.yaml import YAML

if awscli.__version__.split('.')[0] != '2':
    sys.exit('awscli %s is not version 2' % awscli.__version__)

random.choice = lambda choices: choices[0]  # a sample is the first
validate.range_check = lambda *args: None  # the service knows its limits


class Called(Exception):
    pass


def invoke(self, service, operation, parameters, parsed_globals):
    raise Called(service, operation, parameters, parsed_globals)


CLIOperationCaller.invoke = invoke
drivers = {}


def session():
    return driver('').session


def driver(key):
    # Handlers of one operation would answer for another.
    if key not in drivers:
        drivers[key] = create_clidriver()
    return drivers[key]


class TimeVisitor(ModelVisitor):
    def _visit_scalar(self, parent, shape, name, value):
        if shape.type_name == 'timestamp' and value is not None:
            parent[name] = parse_to_aware_datetime(value)


def encode(value):
    if isinstance(value, bytes):
        return {'$bytes': base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return {'$time': round(value.timestamp() * 1000000)}
    raise TypeError(type(value))


def parse(service, operation, words, **_):
    d = driver(service + ' ' + operation)
    caught = []
    d._error_handler.handle_exception = lambda e, **kwargs: caught.append(e)
    out, sys.stdout = sys.stdout, io.StringIO()
    try:
        d.main([service, operation] + words)
        printed = sys.stdout.getvalue()
    finally:
        sys.stdout = out
    if not caught:
        return {'printed': printed}
    e = caught[0]
    if not isinstance(e, Called):
        return {'error': str(e), 'kind': type(e).__name__}
    service, operation, parameters, parsed_globals = e.args
    model = d.session.get_service_model(service).operation_model(operation)
    paging = parameters.pop('PaginationConfig', {})
    try:
        if parsed_globals.cli_binary_format != 'raw-in-base64-out' and model.input_shape:
            Base64DecodeVisitor().visit(parameters, model.input_shape)
        if model.input_shape:
            validate.validate_parameters(parameters, model.input_shape)
            TimeVisitor().visit(parameters, model.input_shape)
    except Exception as e:
        return {'error': str(e), 'kind': type(e).__name__}
    return {'input': parameters, 'paging': paging, 'manual': not parsed_globals.paginate, 'region': parsed_globals.region}


def model(service, **_):
    shapes, operations = {}, []

    def shape(s):
        if s is None:
            return ''
        if s.name in shapes:
            return s.name
        d = shapes[s.name] = {'Name': s.name, 'Kind': s.type_name}
        if getattr(s, 'is_document_type', False):
            d['Kind'] = 'document'
        elif s.type_name == 'structure':
            d['Union'] = getattr(s, 'is_tagged_union', False)
            d['Members'] = [{'Name': n, 'Shape': shape(m), 'Required': n in s.required_members, 'Doc': get_shape_doc_overview(m)}
                            for n, m in s.members.items()]
        elif s.type_name == 'list':
            d['Element'] = shape(s.member)
        elif s.type_name == 'map':
            d['Key'], d['Element'] = shape(s.key), shape(s.value)
        elif s.type_name == 'string':
            d['Enum'] = s.enum
        d['Sensitive'] = s.metadata.get('sensitive', False)
        return s.name

    m = session().get_service_model(service)
    for name in m.operation_names:
        o = m.operation_model(name)
        paging = get_paginator_config(session(), service, name)
        operations.append({'Name': name, 'Command': xform_name(name, '-'), 'Input': shape(o.input_shape), 'Output': shape(o.output_shape),
                           'Flags': {n: xform_name(n, '-') for n in (o.input_shape.members if o.input_shape else {})},
                           'Paging': paging and {'InputToken': paging['input_token'], 'Limit': paging.get('limit_key', '')}})
    return {'shapes': shapes, 'operations': operations}


def skeleton(service, operation, kind, **_):
    o = session().get_service_model(service).operation_model(operation)
    out = io.StringIO()
    if kind == 'yaml-input':
        yaml = YAML()
        yaml.representer.add_representer(_Bytes, _Bytes.represent)
        yaml.dump(YAMLArgumentGenerator().generate_skeleton(o.input_shape) if o.input_shape else yaml.map(), out)
    else:
        shape = o.input_shape if kind == 'input' else o.output_shape
        sample = ArgumentGenerator(use_member_names=kind == 'output').generate_skeleton(shape) if shape else {}
        json.dump(sample, out, indent=4, default=json_encoder)
        out.write('\n')
    return {'printed': out.getvalue()}


def shorthand(text, **_):
    try:
        return {'value': ShorthandParser().parse(text)}
    except Exception as e:
        return {'error': str(e), 'kind': type(e).__name__}


def loads(text, **_):
    try:
        return {'value': json.loads(text)}
    except ValueError as e:
        return {'error': str(e)}


def time(text, **_):
    try:
        return {'value': parse_to_aware_datetime(text)}
    except Exception as e:
        return {'error': str(e)}


print('ready', flush=True)
for line in sys.stdin:
    question = json.loads(line)
    answer = globals()[question['ask']](**question)
    print(json.dumps(answer, default=encode), flush=True)
