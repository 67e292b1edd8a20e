using Orleans.Raft.Core;

namespace Orleans.Raft.Tests.Core.Traces;

/// <content>Commands and options of our own traces; described in docs/TESTING.md.</content>
internal sealed partial class InteractionTrace
{
    private bool _mayFault;

    private static RaftConfig WithOwnOptions(RaftConfig config, TraceCommand command) => config with
    {
        MaxInflightBytes = command.NumberOf("inflight-bytes") ?? 0,
        MaxSizePerMessage = command.NumberOf("max-size-per-message") ?? RaftConfig.NoLimit,
        MaxUncommittedSize = command.NumberOf("max-uncommitted-size") ?? RaftConfig.NoLimit,
        DisableProposalForwarding = command.Flag("disable-proposal-forwarding"),
        VoteRequestsWaitForDisk = command.Flag("vote-requests-wait-for-disk"),
        RefuseConfChanges = command.Flag("refuse-conf-changes"),
        VotePromise = TimeSpan.FromMilliseconds(command.NumberOf("vote-promise") ?? 0),
        ClockDriftPercent = (int)(command.NumberOf("clock-drift-percent") ?? 10),
    };

    private Action? OwnCommand(TraceBlock block)
    {
        var command = block.Command;
        return command.Name switch
        {
            "advance-time" => () => _now += TimeSpan.FromMilliseconds(TraceCommand.Number(command.Tokens[0])),
            "read-index" => () => ReadIndex(command),
            "report-snapshot" => () => Node(command, 0).Raft.ReportSnapshot(Id(command, 1), command.Tokens[2] == "ok"),
            "restart" => () => Node(command, 0).Restart(command.NumberOf("applied"), command.NumberOf("commit")),
            "truncate-log" => () => Node(command, 0).LoseLogAfter(TraceCommand.Number(command.Tokens[1])),
            "may-fault" => () => _mayFault = true,
            "fault" => () => _output.Line(Node(command, 0).Raft.IsFaulted ? "faulted" : "working"),
            "transfer-result" => () => PrintTransfer(command),
            _ => null,
        };
    }

    private void ReadIndex(TraceCommand command)
    {
        var result = Node(command, 0).Raft.ReadIndex(TraceCommand.Number(command.Tokens[1]), _now);
        if (!result.IsAccepted)
        {
            _output.Line($"refused: {result.Reason} leader={result.Leader.Value}");
        }
    }

    private void PrintTransfer(TraceCommand command)
    {
        var result = Node(command, 0).Raft.TransferLeadership(Id(command, 1), _now);
        _output.Line(result.IsAccepted ? result.IsForwarded ? "forwarded" : "accepted" : $"refused: {result.Reason} leader={result.Leader.Value}");
    }
}
