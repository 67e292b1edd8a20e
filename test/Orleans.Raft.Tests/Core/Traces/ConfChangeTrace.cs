using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Traces;

/// <summary>The grammar of <c>confchange/</c>: the configuration changer alone.</summary>
internal sealed class ConfChangeTrace : ITraceMachine
{
    private readonly ProgressTracker _tracker = new(maxInflightMessages: 10, maxInflightBytes: 0);
    private long _lastIndex;

    public string Run(TraceBlock block)
    {
        var output = new TraceOutput();
        try
        {
            var changes = TraceOperations.Parse(block.Input);
            var problem = block.Command.Name switch
            {
                "simple" => ConfChanger.TrySimple(_tracker, _lastIndex, changes),
                "enter-joint" => ConfChanger.TryEnterJoint(_tracker, _lastIndex, block.Command.Flag("autoleave"), changes),
                "leave-joint" => changes.IsEmpty ? ConfChanger.TryLeaveJoint(_tracker, _lastIndex) : "leave-joint takes no operations",
                _ => throw new FormatException($"line {block.Line}: unknown command {block.Command.Name}"),
            };
            if (problem is not null)
            {
                throw new TraceCommandException(problem);
            }

            output.Line(_tracker.Config.ToString());
            foreach (var peer in _tracker.Peers)
            {
                output.Line(peer.ToString());
            }
        }
        catch (TraceCommandException)
        {
            output.Fail();
        }

        _lastIndex++;
        return output.Take();
    }
}
