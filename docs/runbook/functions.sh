# What the pages of the runbook type, for bash and zsh: run `. docs/runbook/functions.sh` in the checkout.
# Region and credentials come from your shell. Set STACK first if the stack is not called lookalike.
STACK=${STACK:-lookalike}

# Version 1 of the AWS CLI does not ask an emulator about SQS unless it is told to.
[ -z "${AWS_ENDPOINT_URL:-}" ] || aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }

# output NAME: an output of the stack.
output() {
    aws cloudformation describe-stacks --stack-name "$STACK" --output text \
        --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"
}

# resource LOGICAL-ID: the name of what the stack made under that id in the template.
resource() {
    aws cloudformation describe-stack-resource --stack-name "$STACK" --logical-resource-id "$1" --output text \
        --query StackResourceDetail.PhysicalResourceId
}

# parameter NAME: the value that the stack has for it.
parameter() {
    aws cloudformation describe-stacks --stack-name "$STACK" --output text \
        --query "Stacks[0].Parameters[?ParameterKey=='$1'].ParameterValue"
}

# alarm NAME: whether it is on.
alarm() {
    aws cloudwatch describe-alarms --alarm-names "$STACK-$1" --output text \
        --query "MetricAlarms[].[AlarmName,StateValue]"
}

# logged MESSAGE FIELD ...: the last ten lines of the past hour that have this message, with these fields; of a
# traceback its end. SINCE=600 looks back by so many minutes instead, LOG=AskLogGroupName into the other function's log,
# and WITH=trouble leaves out the lines without that field.
logged() {
    aws logs filter-log-events --log-group-name "$(output "${LOG:-LogGroupName}")" \
        --filter-pattern "{ \$.message = \"$1\"${WITH:+ && \$.$WITH = *} }" \
        --start-time "$((($(date +%s) - ${SINCE:-60} * 60) * 1000))" \
        --output json --query "events[].message" | python3 -c '
import json, sys
wanted, message, *fields = sys.argv[1:]
lines = [json.loads(text) for text in json.load(sys.stdin) if text.startswith("{")]
lines = [line for line in lines if line.get("message") == message and (not wanted or wanted in line)]
for line in lines[-10:]:
    print(line["timestamp"][:19], *(str(line.get(name, "-")).strip().splitlines()[-1][:300] for name in fields))' \
        "${WITH:-}" "$@"
}

# change NAME=VALUE ...: gives the stack that runs these parameters. Its code, and all other parameters, stay.
change() {
    _update "$(_kept "$(_parameters)" "$@")" --use-previous-template
}

# renew: gives the functions all their variables again, and thereby new instances. It lets MaxBytes be a byte more for
# that, and then what it was: no update changes anything that a picture is judged by.
renew() {
    bytes=$(parameter MaxBytes) && change MaxBytes=$((bytes < 268435456 ? bytes + 1 : bytes - 1)) &&
        change MaxBytes="$bytes"
}

# go_back URL: runs the template at URL, which was deployed before, with the parameters that the stack has now.
go_back() {
    _update "$(_kept "$(printf '%s\n' "$(_parameters)" "$(aws cloudformation get-template-summary --output text \
        --template-url "$1" --query "Parameters[].ParameterKey")" | tr '\t' '\n' | sort | uniq -d)")" --template-url "$1"
}

_parameters() {
    aws cloudformation describe-stacks --stack-name "$STACK" --output text --query "Stacks[0].Parameters[].ParameterKey"
}

# _kept NAMES NAME=VALUE ...: as CloudFormation takes them: what is given with its value, the others as they are.
_kept() {
    python3 -c '
import json, sys
names, new = sys.argv[1].split(), dict(word.split("=", 1) for word in sys.argv[2:])
if unknown := new.keys() - set(names):
    sys.exit("the stack has no parameter " + ", ".join(sorted(unknown)))
kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in names if name not in new]
print(json.dumps(kept + [{"ParameterKey": name, "ParameterValue": value} for name, value in new.items()]))' "$@"
}

# _update PARAMETERS OPTION ...: updates the stack and waits.
_update() {
    [ -n "$1" ] || return
    given=$1 && shift
    aws cloudformation update-stack --stack-name "$STACK" --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND \
        --output text --query StackId --parameters "$given" "$@" &&
        aws cloudformation wait stack-update-complete --stack-name "$STACK" && echo "$STACK is updated"
}
