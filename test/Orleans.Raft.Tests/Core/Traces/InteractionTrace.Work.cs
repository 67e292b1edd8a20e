using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Traces;

/// <content>Messages, Ready, and the storage threads.</content>
internal sealed partial class InteractionTrace
{
    private void ForEach(TraceCommand command, string what, Action<TraceNode> work)
    {
        var nodes = command.Ids().Select(NodeOf).ToList();
        foreach (var node in nodes)
        {
            if (nodes.Count == 1)
            {
                work(node);
            }
            else
            {
                _output.Under($"> {node.Id} {what}", () => work(node));
            }
        }
    }

    private void ProcessReady(TraceNode node)
    {
        var ready = node.Raft.Ready();
        _output.Lines(TraceText.Of(ready));
        if (!node.Config.AsyncStorageWrites)
        {
            node.Persist(ready.HardState, ready.Entries, ready.Snapshot);
            node.Apply(ready.CommittedEntries);
        }

        foreach (var message in ready.Messages)
        {
            if (message.To == ReplicaId.AppendThread)
            {
                node.AppendWork.Enqueue(message);
            }
            else if (message.To == ReplicaId.ApplyThread)
            {
                node.ApplyWork.Enqueue(message);
            }
            else
            {
                _inFlight.Add(message);
            }
        }

        node.Raft.Advance(ready);
    }

    private void ProcessAppend(TraceNode node)
    {
        if (!node.AppendWork.TryDequeue(out var message))
        {
            _output.Line("no append work to perform");
            return;
        }

        PrintWork(message);
        var hardState = new HardState(message.Term, message.Vote, message.Commit);
        node.Persist(hardState.IsEmpty ? null : hardState, message.Entries, message.Snapshot);
        Respond(message);
    }

    private void ProcessApply(TraceNode node)
    {
        if (!node.ApplyWork.TryDequeue(out var message))
        {
            _output.Line("no apply work to perform");
            return;
        }

        PrintWork(message);
        node.Apply(message.Entries);
        Respond(message);
    }

    private void PrintWork(Message message)
    {
        _output.Line("Processing:");
        _output.Line(TraceText.Of(message, withResponses: false));
    }

    private void Respond(Message message)
    {
        _output.Line("Responses:");
        _output.Lines(message.Responses.Select(response => TraceText.Of(response)));
        _inFlight.AddRange(message.Responses);
    }

    private void DeliverMessages(TraceCommand command)
    {
        MessageType? type = command.Value("type") is { } name ? Enum.Parse<MessageType>(name) : null;
        var delivered = 0;
        foreach (var token in command.Tokens)
        {
            var (key, values) = TraceCommand.Split(token);
            if (!token.Contains('=', StringComparison.Ordinal))
            {
                delivered += Deliver(TraceCommand.Number(token), type, isDropped: false);
            }
            else if (key == "drop")
            {
                delivered += values.Sum(id => Deliver(TraceCommand.Number(id), type, isDropped: true));
            }
        }

        if (delivered == 0)
        {
            _output.Line("no messages");
        }
    }

    private int Deliver(long to, MessageType? type, bool isDropped)
    {
        var taken = _inFlight.Where(message => IsFor(message, to, type, isDropped)).ToList();
        _inFlight = [.. _inFlight.Where(message => !IsFor(message, to, type, isDropped))];
        foreach (var message in taken)
        {
            _output.Line((isDropped ? "dropped: " : "") + TraceText.Of(message));
            if (!isDropped)
            {
                DeliverOne(message);
            }
        }

        return taken.Count;
    }

    private void DeliverOne(Message message)
    {
        var result = NodeOf(message.To.Value).Raft.Step(message, _now);

        // Other refusals are silent in the protocol that the traces were taken from.
        if (result.Status is StepStatus.Refused && (message.Type is MessageType.MsgProp || result.Reason is RefusalReason.UnknownPeer && message.Type.IsResponse()))
        {
            _output.Line("error");
        }
    }

    private static bool IsFor(Message message, long to, MessageType? type, bool isDropped)
    {
        var isLocal = message.From == message.To || message.From.IsLocalThread || message.To.IsLocalThread;
        return message.To.Value == to && !(isDropped && isLocal) && (type is null || message.Type == type);
    }

    private void Stabilize(TraceCommand command)
    {
        var wasQuiet = _output.IsQuiet;
        if (command.Value("log-level") is { } level)
        {
            SetLogLevel(level);
        }

        try
        {
            var ids = command.Ids();
            var nodes = ids.Length == 0 ? [.. _nodes] : ids.Select(NodeOf).ToList();
            while (StabilizeOnce(nodes))
            {
            }
        }
        finally
        {
            _output.IsQuiet = wasQuiet;
        }
    }

    private bool StabilizeOnce(List<TraceNode> nodes)
    {
        var isBusy = false;
        foreach (var node in nodes.Where(node => node.Raft.HasReady))
        {
            isBusy = true;
            _output.Under($"> {node.Id} handling Ready", () => ProcessReady(node));
        }

        foreach (var node in nodes.Where(node => _inFlight.Any(message => IsFor(message, node.Id, null, false))))
        {
            isBusy = true;
            _output.Under($"> {node.Id} receiving messages", () => Deliver(node.Id, null, isDropped: false));
        }

        foreach (var node in nodes.Where(node => node.AppendWork.Count > 0))
        {
            isBusy = true;
            _output.Under($"> {node.Id} processing append thread", () => Drain(node.AppendWork, () => ProcessAppend(node)));
        }

        foreach (var node in nodes.Where(node => node.ApplyWork.Count > 0))
        {
            isBusy = true;
            _output.Under($"> {node.Id} processing apply thread", () => Drain(node.ApplyWork, () => ProcessApply(node)));
        }

        return isBusy;
    }

    private static void Drain(Queue<Message> work, Action one)
    {
        while (work.Count > 0)
        {
            one();
        }
    }
}
