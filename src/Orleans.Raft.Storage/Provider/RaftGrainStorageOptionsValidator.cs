using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Refuses a provider that could not work, when the silo starts.</summary>
internal sealed partial class RaftGrainStorageOptionsValidator(RaftGrainStorageOptions options, string name, StorageSurroundings around)
    : IConfigurationValidator
{
    private const int MaxNameLength = 100;

    /// <summary>Bytes that a command may need beside the state: its key, and what the layers put around it.</summary>
    private const int EnvelopeBytes = 256 * 1024;

    /// <inheritdoc/>
    public void ValidateConfiguration()
    {
        if (name.Length is 0 or > MaxNameLength || name.Contains('/') || name.Any(char.IsControl))
        {
            Refuse($"the name names Raft groups: 1 to {MaxNameLength} characters, no slash and no control characters");
        }

        Check(nameof(options.Groups), options.Groups, 1, GrainSlot.Count);
        Check(nameof(options.ReplicationFactor), options.ReplicationFactor, 1, 9);
        Check(nameof(options.MaxStateSize), options.MaxStateSize, 1, 64 * 1024 * 1024);
        Fits(around.LaneWindowBytes, $"{nameof(RaftOptions)}.{nameof(RaftOptions.LaneWindowBytes)}");
        Fits(around.MaxMessageBodySize, $"{nameof(SiloMessagingOptions)}.{nameof(SiloMessagingOptions.MaxMessageBodySize)}");
        ValidateTime();
        if (!Enum.IsDefined(options.ReadMode))
        {
            Refuse($"{nameof(options.ReadMode)} is {options.ReadMode}, which is no read mode");
        }

        if (options.GrainStorageSerializer is null)
        {
            Refuse($"{nameof(options.GrainStorageSerializer)} is null");
        }

        ValidateBacking();
    }

    private void ValidateTime()
    {
        if (options.RequestTimeout is { } time && (time < TimeSpan.FromSeconds(1) || time > TimeSpan.FromMinutes(5)))
        {
            Refuse($"{nameof(options.RequestTimeout)} is {time}; it must be 00:00:01 to 00:05:00, or null for that of {nameof(RaftOptions)}");
        }

        var effective = options.RequestTimeout ?? around.DefaultRequestTimeout;
        if (effective >= around.ResponseTimeout)
        {
            LogLongBudget(around.Logger, name, effective, around.ResponseTimeout);
        }
    }

    private void ValidateBacking()
    {
        if (options.BackingStorageName is not { } backing)
        {
            return;
        }

        if (BackingRegistration.WhyNot(around.Services, name, backing) is { } reason)
        {
            Refuse($"{nameof(options.BackingStorageName)} is '{backing}': {reason}");
        }

        if (BackingRegistration.IsInMemory(around.Services, backing))
        {
            LogMemoryBacking(around.Logger, name, backing);
        }
    }

    // An empty lane admits a message of any size, but one that never fits beside others would wait for ever on a busy one (SAFETY-RULES B5).
    private void Fits(long limit, string limitName)
    {
        if (options.MaxStateSize + (long)EnvelopeBytes > limit)
        {
            Refuse(
                $"{nameof(options.MaxStateSize)} is {options.MaxStateSize}, and with {EnvelopeBytes} bytes for its envelope does not fit {limitName}, which is {limit}; "
                + "lower the one or raise the other");
        }
    }

    private void Check(string option, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            Refuse($"{option} is {value}; it must be {least} to {most}");
        }
    }

    private void Refuse(string reason) =>
        throw new OrleansConfigurationException($"Raft grain storage '{name}', {nameof(RaftGrainStorageOptions)}: {reason}.");

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning,
        Message = "Raft grain storage '{Name}': RequestTimeout is {RequestTimeout}, and grain calls are given up after SiloMessagingOptions.ResponseTimeout = "
            + "{ResponseTimeout}: callers will not hear how their writes ended")]
    private static partial void LogLongBudget(ILogger logger, string name, TimeSpan requestTimeout, TimeSpan responseTimeout);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning,
        Message = "Raft grain storage '{Name}': BackingStorageName is '{Backing}', Orleans' memory provider. Its rows die with any silo; it is for tests only")]
    private static partial void LogMemoryBacking(ILogger logger, string name, string backing);
}
