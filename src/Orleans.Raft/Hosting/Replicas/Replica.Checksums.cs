using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Checksums of all replicas at one index: an entry says where, and each replica looks at its state when it has applied that far and no further.</content>
internal sealed partial class Replica
{
    // Marks whose checksum nobody has asked for yet.
    private const int MaxChecksums = 64;

    /// <summary>If this replica leads, proposes a mark.</summary>
    /// <exception cref="RaftException">It has faulted or stopped.</exception>
    public Task<ProposeResult> MarkAsync(Guid mark) => AskAsync(() => _node.Propose(CommandCodec.EncodeMark(mark), _now));

    /// <summary>The checksum at a mark, when this replica has passed it.</summary>
    public Task<StateChecksum> ChecksumAsync(Guid mark) => ChecksumOf(mark).Task;

    private TaskCompletionSource<StateChecksum> ChecksumOf(Guid mark)
    {
        var checksums = LazyInitializer.EnsureInitialized(ref _checksums, static () => new());
        if (checksums.Count > MaxChecksums)
        {
            checksums.Clear();
        }

        return checksums.GetOrAdd(mark, static _ => new TaskCompletionSource<StateChecksum>(TaskCreationOptions.RunContinuationsAsynchronously));
    }

    private void TakeChecksum()
    {
        var (mark, index) = (_mark, _applied);
        _mark = default;
        _ = FinishChecksumAsync(ChecksumOf(mark), index, _state.HashAsync());
    }

    private static async Task FinishChecksumAsync(TaskCompletionSource<StateChecksum> checksum, long index, Task<byte[]?> hashing)
    {
        try
        {
            var hash = await hashing.ConfigureAwait(false);
            checksum.TrySetResult(new StateChecksum(index, hash is null ? null : Convert.ToHexStringLower(hash)));
        }
        catch (Exception exception)
        {
            // The asker's: reading for a checksum changes nothing.
            checksum.TrySetException(exception);
        }
    }
}

/// <summary>Checksum of a replica's state.</summary>
/// <param name="Applied">Last index that is in the state.</param>
/// <param name="Sha256">Hexadecimal; null where the state machine can't write its state out.</param>
[GenerateSerializer]
[Immutable]
[Alias("Orleans.Raft.StateChecksum")]
internal sealed record StateChecksum(long Applied, string? Sha256);
