using System.Text;
using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>The grammar of <c>interaction/</c>: nodes, messages in flight, Ready handling, storage threads.</summary>
internal sealed partial class InteractionTrace : ITraceMachine
{
    private readonly List<TraceNode> _nodes = [];
    private readonly TraceOutput _output = new();
    private List<Message> _inFlight = [];
    private TimeSpan _now;

    public string Run(TraceBlock block)
    {
        try
        {
            Dispatch(block);
        }
        catch (TraceCommandException)
        {
            _output.Fail();
        }

        foreach (var node in _nodes)
        {
            if (node.Raft.IsFaulted && !_mayFault)
            {
                throw new InvalidOperationException($"line {block.Line}: {node.Raft.Fault}");
            }
        }

        return _output.Take();
    }

    private void Dispatch(TraceBlock block)
    {
        var command = block.Command;
        Action run = command.Name switch
        {
            "add-nodes" => () => AddNodes(command),
            "campaign" => () => Node(command, 0).Raft.Campaign(_now),
            "propose" => () => Propose(command),
            "propose-conf-change" => () => ProposeConfChange(command, block.Input),
            "process-ready" => () => ForEach(command, "handling Ready", ProcessReady),
            "process-append-thread" => () => ForEach(command, "processing append thread", ProcessAppend),
            "process-apply-thread" => () => ForEach(command, "processing apply thread", ProcessApply),
            "deliver-msgs" => () => DeliverMessages(command),
            "stabilize" => () => Stabilize(command),
            "tick-election" => () => Tick(Node(command, 0), node => node.Config.ElectionTicks),
            "tick-heartbeat" => () => Tick(Node(command, 0), node => node.Config.HeartbeatTicks),
            "set-randomized-election-timeout" => () => SetElectionTimeout(command),
            "compact" => () => Compact(command),
            "raft-log" => () => PrintLog(Node(command, 0)),
            "raft-state" => PrintState,
            "status" => () => PrintStatus(Node(command, 0)),
            "send-snapshot" => () => SendSnapshot(command),
            "transfer-leadership" => () => TransferLeadership(command),
            "forget-leader" => () => Node(command, 0).Raft.ForgetLeader(),
            "report-unreachable" => () => Node(command, 0).Raft.ReportUnreachable(Id(command, 1)),
            "log-level" => () => SetLogLevel(command.Tokens[0]),
            _ => OwnCommand(block) ?? throw new FormatException($"line {block.Line}: unknown command {command.Name}"),
        };
        run();
    }

    private TraceNode Node(TraceCommand command, int position) => NodeOf(Id(command, position).Value);

    private TraceNode NodeOf(long id) =>
        id >= 1 && id <= _nodes.Count ? _nodes[(int)id - 1] : throw new TraceCommandException($"no node {id}");

    private static ReplicaId Id(TraceCommand command, int position) => new(TraceCommand.Number(command.Tokens[position]));

    private void SetLogLevel(string level) => _output.IsQuiet = level.Equals("none", StringComparison.OrdinalIgnoreCase);

    private void AddNodes(TraceCommand command)
    {
        var (voters, learners) = (command.Numbers("voters"), command.Numbers("learners"));
        var index = command.NumberOf("index");
        var content = command.Text("content");
        var start = new Snapshot(default, ConfState.Empty, default);
        if (voters.Length > 0 || learners.Length > 0 || index is not null || content is not null)
        {
            // Index 1 could not be told from an empty log.
            if (index is not > 1)
            {
                throw new TraceCommandException("index must be at least 2");
            }

            // In the order of the line, as the snapshot prints it; the configuration that is made of it is ordered.
            var conf = new ConfState { Voters = [.. voters.Select(id => new ReplicaId(id))], Learners = [.. learners.Select(id => new ReplicaId(id))] };
            start = new Snapshot(new EntryId(1, index.Value), conf, Encoding.Latin1.GetBytes(content ?? ""));
        }

        for (var count = TraceCommand.Number(command.Tokens[0]); count > 0; count--)
        {
            try
            {
                _nodes.Add(new TraceNode(Config(command, _nodes.Count + 1, start.Id.Index), start));
            }
            catch (ArgumentException exception)
            {
                throw new TraceCommandException(exception.Message);
            }
        }
    }

    private static RaftConfig Config(TraceCommand command, long id, long applied)
    {
        var config = new RaftConfig
        {
            Id = new ReplicaId(id),
            ElectionTicks = 3,
            HeartbeatTicks = 1,
            Applied = applied,
            MaxInflightMessages = (int)(command.NumberOf("inflight") ?? int.MaxValue),
            PreVote = command.Flag("prevote"),
            CheckQuorum = command.Flag("checkquorum"),
            AsyncStorageWrites = command.Flag("async-storage-writes"),
            MaxCommittedSizePerReady = command.NumberOf("max-committed-size-per-ready") ?? RaftConfig.NoLimit,
            DisableConfChangeValidation = command.Flag("disable-conf-change-validation"),
            ReadOnlyOption = command.Value("read-only") is "lease-based" ? ReadOnlyOption.LeaseBased : ReadOnlyOption.Safe,
            StepDownOnRemoval = command.Flag("step-down-on-removal"),
        };
        return WithOwnOptions(config, command);
    }

    private void Propose(TraceCommand command)
    {
        var result = Node(command, 0).Raft.Propose(Encoding.Latin1.GetBytes(command.Tokens[1]), _now);
        if (result.Status is ProposeStatus.Refused)
        {
            throw new TraceCommandException(result.ToString());
        }
    }

    private void ProposeConfChange(TraceCommand command, IReadOnlyList<string> input)
    {
        var changes = TraceOperations.Parse(input);
        var transition = command.Value("transition") switch
        {
            null or "auto" => ConfChangeTransition.Auto,
            "implicit" => ConfChangeTransition.JointImplicit,
            "explicit" => ConfChangeTransition.JointExplicit,
            var other => throw new TraceCommandException($"transition {other}"),
        };
        var raft = Node(command, 0).Raft;
        ProposeResult result;
        if (command.Flag("v1"))
        {
            if (changes.Length != 1 || transition is not ConfChangeTransition.Auto)
            {
                throw new TraceCommandException("the single-step message has one operation and no transition");
            }

            result = raft.ProposeConfChange(new ConfChange(changes[0].Type, changes[0].Replica, default), _now);
        }
        else
        {
            result = raft.ProposeConfChange(new ConfChangeV2 { Transition = transition, Changes = changes }, _now);
        }

        if (result.Status is ProposeStatus.Refused)
        {
            throw new TraceCommandException(result.ToString());
        }
    }

    private void Tick(TraceNode node, Func<TraceNode, int> ticks)
    {
        for (var i = ticks(node); i > 0; i--)
        {
            node.Raft.Tick(_now);
        }
    }

    private void SetElectionTimeout(TraceCommand command) =>
        ((RaftNode.ITestHooks)Node(command, 0).Raft).ElectionTimeout = (int)(command.NumberOf("timeout") ?? throw new FormatException("timeout="));

    private void Compact(TraceCommand command)
    {
        var node = Node(command, 0);
        var index = TraceCommand.Number(command.Tokens[1]);
        if (index > node.Storage.LastIndex || !node.Storage.CompactTo(index))
        {
            throw new TraceCommandException($"{index} is compacted already, or beyond the end");
        }

        PrintLog(node);
    }

    private void PrintLog(TraceNode node)
    {
        var (first, last) = (node.Storage.FirstIndex, node.Storage.LastIndex);
        if (last < first)
        {
            _output.Line($"log is empty: first index={first}, last index={last}");
            return;
        }

        var entries = new List<Entry>();
        node.Storage.TryRead(first, last + 1, RaftConfig.NoLimit, entries);
        _output.Lines(entries.Select(entry => TraceText.Of(entry)));
    }

    private void PrintState()
    {
        foreach (var node in _nodes)
        {
            var raft = node.Raft;
            var isVoter = ((RaftNode.ITestHooks)raft).Membership.Voters.Contains(raft.Id);
            _output.Line($"{raft.Id.Value}: State{raft.Role} ({(isVoter ? "Voter" : "Non-Voter")}) Term:{raft.Term} Lead:{raft.Leader.Value}");
        }
    }

    private void PrintStatus(TraceNode node) => _output.Lines(node.Raft.Status().Peers.Select(peer => peer.ToString()));

    private void SendSnapshot(TraceCommand command)
    {
        var (from, to) = (Node(command, 0), Id(command, 1));
        var message = Message.InstallSnapshot(from.Raft.Id, to, from.Raft.Term, from.History[^1]);
        _inFlight.Add(message);
        _output.Line(TraceText.Of(message));
    }

    private void TransferLeadership(TraceCommand command)
    {
        var from = NodeOf(command.NumberOf("from") ?? throw new FormatException("from="));
        from.Raft.TransferLeadership(new ReplicaId(command.NumberOf("to") ?? throw new FormatException("to=")), _now);
    }
}
