namespace Orleans.Raft.Hosting;

/// <content>Ending what waits when waiting is known to be in vain.</content>
internal sealed partial class GroupClient
{
    /// <summary>
    /// Ends everything that waits, and refuses what comes, for a reason; or goes on, with none. For a silo that stops: its grains must not wait
    /// for a majority that is gone (SAFETY-RULES B12).
    /// </summary>
    public void GiveUp(string? reason)
    {
        lock (_gate)
        {
            _hopeless = reason;
            if (reason is null)
            {
                return;
            }

            while (_byDeadline.TryDequeue(out var command))
            {
                if (!command.IsFinished)
                {
                    // As when its budget ends: what every replica refused was not done (SAFETY-RULES C4).
                    Abandon_NeedsGate(command, command.OpenAttempts == 0 ? "unavailable" : "unknown");
                    command.Answer.TrySetException(command.OpenAttempts == 0 ? Hopeless(reason) : Unknown(command, $"no answer will come: {reason}"));
                }
            }

            foreach (var read in _openReads.Values)
            {
                Ended(read, "unavailable");
                read.Answer.TrySetException(Hopeless(reason));
            }

            _openReads.Clear();
        }
    }

    private void RefuseIfHopeless_NeedsGate()
    {
        if (_hopeless is { } reason)
        {
            throw Hopeless(reason);
        }
    }

    private RaftUnavailableException Hopeless(string reason) => new($"{_group}: {reason}. It was not done.");
}
